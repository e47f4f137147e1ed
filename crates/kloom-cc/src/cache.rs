//! Compiled modules by content: atomic, verified, bounded.
//!
//! `modules/KEY/NAME.ko` and `modules/KEY/meta.json` are written into a temporary directory that is renamed into
//! place, so a reader sees a whole entry or none, whatever happens to the writer. The meta data holds a hash of the
//! module and, in front, one of itself; an entry that does not fit is removed and built anew.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::error::{Diagnostic, SourceNote};

/// What is kept beside a module.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub(crate) ko_hash: String,
    pub(crate) depends: String,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    pub(crate) notes: Vec<SourceNote>,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) warning_text: String,
    /// Files that the compiler read and the scan of `#include` lines had not seen, with their hashes.
    pub(crate) more_inputs: Vec<(PathBuf, String)>,
}

/// The cache directory, or its stand-in.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    pub(crate) root: PathBuf,
    /// Why the directory asked for is not used.
    pub(crate) unwritable: Option<String>,
    _stand_in: Option<TempDir>,
}

impl Cache {
    /// Opens or creates the cache; falls back to a temporary directory that goes away with the value.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        match Cache::prepare(dir) {
            Ok(()) => Ok(Cache { root: dir.to_path_buf(), unwritable: None, _stand_in: None }),
            Err(error) => Cache::stand_in(error.to_string()),
        }
    }

    /// A temporary directory in place of a cache that cannot be used, for the reason given.
    pub(crate) fn stand_in(unwritable: String) -> io::Result<Self> {
        let stand_in = tempfile::Builder::new().prefix("kloom-cc-").tempdir()?;
        Cache::prepare(stand_in.path())?;
        Ok(Cache { root: stand_in.path().to_path_buf(), unwritable: Some(unwritable), _stand_in: Some(stand_in) })
    }

    fn prepare(root: &Path) -> io::Result<()> {
        fs::create_dir_all(root.join("tmp"))?;
        fs::create_dir_all(root.join("modules"))?;
        // Permission bits say little (root, read-only mounts): try.
        tempfile::tempfile_in(root.join("tmp")).map(drop)
    }

    pub(crate) fn is_stand_in(&self) -> bool {
        self.unwritable.is_some()
    }

    pub(crate) fn tempdir(&self) -> io::Result<TempDir> {
        tempfile::tempdir_in(self.root.join("tmp"))
    }

    fn entry(&self, key: &blake3::Hash) -> PathBuf {
        self.root.join("modules").join(&key.to_hex()[..32])
    }

    /// The entry for `key`, if it is whole and its further inputs are unchanged.
    pub(crate) fn get(&self, key: &blake3::Hash, ko_name: &str) -> Option<(PathBuf, Vec<u8>, Meta)> {
        let dir = self.entry(key);
        let meta_bytes = fs::read(dir.join("meta.json")).ok()?;
        let ko_path = dir.join(ko_name);
        let loaded = parse_meta(&meta_bytes).and_then(|meta| {
            let ko = fs::read(&ko_path).ok()?;
            (hex(&ko) == meta.ko_hash).then_some((ko, meta))
        });
        let Some((ko, meta)) = loaded else {
            self.discard(&dir);
            return None;
        };
        let current = |(path, hash): &(PathBuf, String)| fs::read(path).is_ok_and(|bytes| hex(&bytes) == *hash);
        if !meta.more_inputs.iter().all(current) {
            return None;
        }
        // Marks the entry as used, for eviction; a read-only cache does without.
        let _marked = fs::write(dir.join("used"), b"");
        Some((ko_path, ko, meta))
    }

    /// Stores a module; when another process was faster its entry stays. Returns the path of the `.ko`.
    pub(crate) fn put(&self, key: &blake3::Hash, ko_name: &str, ko: &[u8], meta: &Meta) -> io::Result<PathBuf> {
        let tmp = self.tempdir()?;
        let fresh = tmp.path().join("entry");
        fs::create_dir(&fresh)?;
        fs::write(fresh.join(ko_name), ko)?;
        let json = serde_json::to_vec(meta).map_err(io::Error::other)?;
        let mut sealed = hex(&json).into_bytes();
        sealed.push(b'\n');
        sealed.extend(json);
        fs::write(fresh.join("meta.json"), sealed)?;
        fs::write(fresh.join("used"), b"")?;
        let dir = self.entry(key);
        if let Err(error) = fs::rename(&fresh, &dir) {
            if !dir.is_dir() {
                return Err(error);
            }
            // There is an entry: a stale one, or one just made by somebody else. Either way ours is right.
            self.discard(&dir);
            if let Err(error) = fs::rename(&fresh, &dir)
                && !dir.is_dir()
            {
                return Err(error);
            }
        }
        Ok(dir.join(ko_name))
    }

    /// Takes an entry out of sight at once, then deletes it.
    fn discard(&self, dir: &Path) {
        if let Ok(tmp) = self.tempdir() {
            let _gone = fs::rename(dir, tmp.path().join("old"));
        }
    }

    /// Deletes least recently used modules until the rest fits, and what killed processes left behind.
    pub(crate) fn evict(&self, bytes_max: u64) {
        let now = self.now_s();
        if let Ok(entries) = fs::read_dir(self.root.join("tmp")) {
            for entry in entries.flatten() {
                let old = entry.metadata().is_ok_and(|meta| meta.mtime() + 3600 < now);
                if old {
                    let _gone = fs::remove_dir_all(entry.path()).or_else(|_| fs::remove_file(entry.path()));
                }
            }
        }
        let Ok(entries) = fs::read_dir(self.root.join("modules")) else {
            return;
        };
        let mut found: Vec<(i64, i64, PathBuf, u64)> = Vec::new();
        for entry in entries.flatten() {
            let dir = entry.path();
            let Ok(meta) = fs::metadata(dir.join("used")).or_else(|_| entry.metadata()) else {
                continue;
            };
            let files = fs::read_dir(&dir).into_iter().flatten().flatten();
            // Each file costs at least a block, or a million empty entries would count as nothing.
            let size = files.filter_map(|file| file.metadata().ok()).map(|meta| meta.len().max(4096)).sum();
            found.push((meta.mtime(), meta.mtime_nsec(), dir, size));
        }
        found.sort();
        let mut total: u64 = found.iter().map(|(.., size)| size).sum();
        for (_, _, dir, size) in found {
            if total <= bytes_max {
                break;
            }
            self.discard(&dir);
            total -= size;
        }
    }

    /// The file system's idea of now, in seconds.
    fn now_s(&self) -> i64 {
        tempfile::tempfile_in(self.root.join("tmp")).and_then(|file| file.metadata()).map_or(0, |meta| meta.mtime())
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn parse_meta(bytes: &[u8]) -> Option<Meta> {
    let at = bytes.iter().position(|&byte| byte == b'\n')?;
    let (hash, json) = (&bytes[..at], &bytes[at + 1..]);
    (hex(json).as_bytes() == hash).then(|| serde_json::from_slice(json).ok())?
}

/// Writes a file so that readers see the old or the new content, never a part.
pub(crate) fn write_atomic(root: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let tmp = tempfile::NamedTempFile::new_in(root.join("tmp"))?;
    fs::write(tmp.path(), bytes)?;
    tmp.persist(path).map(drop).map_err(|error| error.error)
}
