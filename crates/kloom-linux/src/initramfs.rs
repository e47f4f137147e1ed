//! Writing an initramfs: the "newc" archive the kernel unpacks at boot.
//!
//! Format: Documentation/driver-api/early-userspace/buffer-format.rst of Linux 6.1.

use std::collections::BTreeSet;

/// An archive being written; parent directories are added as needed.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    bytes: Vec<u8>,
    directories: BTreeSet<String>,
    entries: u32,
}

const DIRECTORY: u32 = 0o040_755;
const SYMLINK: u32 = 0o120_777;
const FILE: u32 = 0o100_000;

impl Archive {
    /// Adds a directory and its parents.
    pub(crate) fn directory(&mut self, path: &str) {
        let path = path.trim_matches('/');
        if path.is_empty() || self.directories.contains(path) {
            return;
        }
        self.parents(path);
        self.directories.insert(path.to_owned());
        self.entry(path, DIRECTORY, &[]);
    }

    /// Adds a regular file with the permissions of `mode`.
    pub(crate) fn file(&mut self, path: &str, mode: u32, content: &[u8]) {
        let path = path.trim_matches('/');
        self.parents(path);
        self.entry(path, FILE | mode, content);
    }

    /// Adds a symbolic link.
    pub(crate) fn symlink(&mut self, path: &str, target: &str) {
        let path = path.trim_matches('/');
        self.parents(path);
        self.entry(path, SYMLINK, target.as_bytes());
    }

    /// Ends the archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn parents(&mut self, path: &str) {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.directory(parent);
        }
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.entries += 1;
        let size = u32::try_from(content.len()).expect("initramfs members are small");
        let name_size = u32::try_from(name.len() + 1).expect("paths are short");
        // Inode, mode, uid, gid, links, mtime, size, four device numbers, name size, check sum.
        let fields = [self.entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08X}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    fn pad(&mut self) {
        while !self.bytes.len().is_multiple_of(4) {
            self.bytes.push(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Archive;

    #[test]
    fn parents_come_once_and_first() {
        let mut archive = Archive::default();
        archive.file("/a/b/c", 0o755, b"xyz");
        archive.file("/a/b/d", 0o644, b"");
        archive.symlink("/e", "a");
        let bytes = archive.finish();
        let text = String::from_utf8_lossy(&bytes);
        let at = |name: &str| text.find(name).expect(name);
        assert!(at("a\0") < at("a/b\0"));
        assert!(at("a/b\0") < at("a/b/c\0"));
        assert_eq!(text.matches("a/b\0").count(), 1);
        assert_eq!(bytes.len() % 4, 0);
        assert!(text.contains("TRAILER!!!"));
    }

    #[test]
    fn a_header_has_the_documented_length_and_fields() {
        let mut archive = Archive::default();
        archive.file("f", 0o644, b"12345");
        let bytes = archive.finish();
        assert_eq!(&bytes[..6], b"070701");
        assert_eq!(&bytes[14..22], b"000081A4", "mode 0100644");
        assert_eq!(&bytes[54..62], b"00000005", "size");
        assert_eq!(&bytes[110..112], b"f\0");
        assert_eq!(&bytes[112..117], b"12345");
    }
}
