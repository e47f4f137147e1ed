//! `insmod rmmod lsmod modinfo modprobe`, in kmod's words.

use super::{Ctx, base_name, options};
use crate::sys::{Errno, FileKind, Mark, Sys, Syscall, flags};
use crate::text;

/// What kmod says of an error of `init_module()`.
fn insert_error(e: Errno) -> String {
    match e {
        Errno::ENOEXEC => "Invalid module format".into(),
        Errno::ENOENT => "Unknown symbol in module".into(),
        Errno::ESRCH => "Module has wrong symbol version".into(),
        Errno::EINVAL => "Invalid parameters".into(),
        e => e.to_string(),
    }
}

/// Parameters as one string; as kmod, without `--` and without quotes: a value with blanks arrives as several words.
fn join_params(params: &[String]) -> String {
    let words: Vec<&str> = params.iter().map(String::as_str).filter(|word| *word != "--").collect();
    words.join(" ")
}

async fn load(sys: &Sys, fd: i32, params: String) -> Result<(), Errno> {
    let result = sys.unit(Syscall::FinitModule { fd, params }).await;
    sys.close(fd).await?;
    result
}

/// `insmod FILE [name=value…]`.
pub(crate) async fn insmod(mut ctx: Ctx) -> i32 {
    let mut args = &ctx.argv[1..];
    while args.first().is_some_and(|a| matches!(a.as_str(), "-f" | "-s" | "-v")) {
        args = &args[1..];
    }
    let Some(file) = args.first().cloned() else {
        return ctx.fail("ERROR: missing filename.").await;
    };
    let params = join_params(&args[1..]);
    let fd = match ctx.sys.open(&file, flags::O_RDONLY, 0).await {
        Ok(fd) => fd,
        Err(e) => {
            return ctx.fail(&format!("ERROR: could not load module {file}: {e}")).await;
        }
    };
    match load(&ctx.sys, fd, params).await {
        Ok(()) => 0,
        Err(e) => ctx.fail(&format!("ERROR: could not insert module {file}: {}", insert_error(e))).await,
    }
}

/// A line of /proc/modules.
struct Loaded {
    name: String,
    size: u64,
    refs: String,
    holders: Vec<String>,
}

async fn loaded(sys: &Sys) -> Result<Vec<Loaded>, Errno> {
    let text = text::decode(&sys.read_file("/proc/modules").await?);
    let parse = |line: &str| {
        let mut fields = line.split_whitespace();
        Some(Loaded {
            name: fields.next()?.to_string(),
            size: fields.next()?.parse().ok()?,
            refs: fields.next()?.to_string(),
            holders: fields
                .next()
                .unwrap_or("-")
                .split(',')
                .filter(|h| !h.is_empty() && *h != "-" && !h.starts_with('['))
                .map(str::to_string)
                .collect(),
        })
    };
    Ok(text.lines().filter_map(parse).collect())
}

/// A module's name of a path or a name as people write it.
fn module_name(text: &str) -> String {
    let name = base_name(text);
    let name = name.split_once(".ko").map_or(name, |(n, _)| n);
    name.replace('-', "_")
}

/// `rmmod [-f] [-s] [-v] MODULE…`.
pub(crate) async fn rmmod(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "fsv");
    if parsed.rest.is_empty() {
        return ctx.fail("ERROR: missing module name.").await;
    }
    let force = parsed.has('f');
    let mut status = 0;
    for arg in &parsed.rest {
        let name = module_name(arg);
        if !force {
            let modules = match loaded(&ctx.sys).await {
                Ok(modules) => modules,
                Err(e) => {
                    return ctx.fail(&format!("ERROR: could not read /proc/modules: {e}")).await;
                }
            };
            let problem = match modules.iter().find(|m| m.name == name) {
                // kmod looks for its directory: a module may have left the list.
                None if ctx.sys.stat(&format!("/sys/module/{name}/initstate")).await.is_ok() => None,
                None => Some(format!("ERROR: Module {name} is not currently loaded")),
                Some(m) if !m.holders.is_empty() => {
                    Some(format!("ERROR: Module {name} is in use by: {}", m.holders.join(" ")))
                }
                Some(m) if m.refs.parse::<i64>().unwrap_or(0) > 0 => {
                    let mark = Mark::InUse { module: name.clone() };
                    let _ = ctx.sys.unit(Syscall::Mark(mark)).await;
                    Some(format!("ERROR: Module {name} is in use"))
                }
                // Unloading already: kmod gives up without a word.
                Some(m) if m.refs.starts_with('-') => {
                    status = 1;
                    continue;
                }
                Some(_) => None,
            };
            if let Some(problem) = problem {
                status = ctx.fail(&problem).await;
                continue;
            }
        }
        let how = flags::O_NONBLOCK | if force { flags::O_TRUNC } else { 0 };
        if let Err(e) = ctx.sys.unit(Syscall::DeleteModule { name: name.clone(), flags: how }).await {
            // libkmod tells it, and then rmmod.
            let place = "../libkmod/libkmod-module.c:856 kmod_module_remove_module()";
            ctx.fail(&format!("ERROR: {place} could not remove '{name}': {e}")).await;
            status = ctx.fail(&format!("ERROR: could not remove module {arg}: {e}")).await;
        }
    }
    status
}

/// `lsmod`.
pub(crate) async fn lsmod(mut ctx: Ctx) -> i32 {
    let modules = match loaded(&ctx.sys).await {
        Ok(modules) => modules,
        Err(e) => {
            return ctx.fail(&format!("ERROR: could not get list of modules: {e}")).await;
        }
    };
    ctx.put("Module                  Size  Used by\n");
    for m in modules {
        let space = if m.holders.is_empty() { "" } else { " " };
        ctx.put(&format!("{:<19} {:>8}  {}{space}{}\n", m.name, m.size, m.refs, m.holders.join(",")));
    }
    ctx.end(0).await
}

/// Where a module of this name lies: here, or below /lib/modules.
async fn find_module(sys: &Sys, name: &str) -> Option<String> {
    let release = sys.uname().await.map(|u| u.release).unwrap_or_default();
    let wanted = module_name(name);
    let base = format!("/lib/modules/{release}");
    let dirs = [base.clone(), format!("{base}/extra"), format!("{base}/updates"), format!("{base}/kernel"), ".".into()];
    for dir in dirs {
        for entry in sys.readdir(&dir).await.unwrap_or_default() {
            if entry.kind != FileKind::Dir && entry.name.ends_with(".ko") && module_name(&entry.name) == wanted {
                return Some(if dir == "." { entry.name } else { format!("{dir}/{}", entry.name) });
            }
        }
    }
    None
}

/// `modprobe [-r] [-q] [-n] [-f] NAME [name=value…]`; `-a` takes several names.
pub(crate) async fn modprobe(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "arqnfv");
    let Some(first) = parsed.rest.first().cloned() else {
        return ctx.fail("ERROR: missing parameters. See -h.").await;
    };
    let release = ctx.sys.uname().await.map(|u| u.release).unwrap_or_default();
    let all = parsed.has('a') || parsed.has('r');
    let names = if all { parsed.rest.clone() } else { vec![first] };
    let params = if all { String::new() } else { join_params(&parsed.rest[1..]) };
    let mut status = 0;
    for name in names {
        let module = module_name(&name);
        let modules = loaded(&ctx.sys).await.unwrap_or_default();
        let there = modules.iter().find(|m| m.name == module);
        if parsed.has('r') {
            match there {
                None => {
                    if find_module(&ctx.sys, &name).await.is_none() {
                        status = ctx.fail(&format!("FATAL: Module {name} not found.")).await;
                    }
                }
                Some(m) if m.refs.parse::<i64>().unwrap_or(0) > 0 => {
                    status = ctx.fail(&format!("FATAL: Module {module} is in use.")).await;
                }
                Some(_) => {
                    let remove = Syscall::DeleteModule { name: module.clone(), flags: flags::O_NONBLOCK };
                    if let Err(e) = ctx.sys.unit(remove).await {
                        status = ctx.fail(&format!("ERROR: could not remove '{module}': {e}")).await;
                    }
                }
            }
            continue;
        }
        if there.is_some() {
            continue;
        }
        let Some(path) = find_module(&ctx.sys, &name).await else {
            if !parsed.has('q') {
                ctx.fail(&format!("FATAL: Module {name} not found in directory /lib/modules/{release}")).await;
            }
            status = 1;
            continue;
        };
        if parsed.has('n') {
            continue;
        }
        let result = match ctx.sys.open(&path, flags::O_RDONLY, 0).await {
            Ok(fd) => load(&ctx.sys, fd, params.clone()).await,
            Err(e) => Err(e),
        };
        if let Err(e) = result {
            status = ctx.fail(&format!("ERROR: could not insert '{module}': {}", insert_error(e))).await;
        }
    }
    status
}

/// The bytes of section `wanted` of a 64-bit little-endian ELF file.
fn section<'a>(elf: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    if !elf.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let number = |at: usize, bytes: usize| -> Option<usize> {
        let raw = elf.get(at..at.checked_add(bytes)?)?;
        let value = raw.iter().rev().fold(0u64, |n, &b| n << 8 | u64::from(b));
        usize::try_from(value).ok()
    };
    let (table, size, count, names) = (number(0x28, 8)?, number(0x3a, 2)?, number(0x3c, 2)?, number(0x3e, 2)?);
    let header = |i: usize| table.checked_add(i.checked_mul(size)?);
    let body = |i: usize| -> Option<&'a [u8]> {
        let at = header(i)?;
        let (offset, length) = (number(at.checked_add(0x18)?, 8)?, number(at.checked_add(0x20)?, 8)?);
        elf.get(offset..offset.checked_add(length)?)
    };
    let strings = body(names)?;
    (0..count).find_map(|i| {
        let name = strings.get(number(header(i)?, 4)?..)?;
        let end = name.iter().position(|&b| b == 0)?;
        (&name[..end] == wanted.as_bytes()).then(|| body(i)).flatten()
    })
}

/// `modinfo [-F FIELD] [-p] [-a] [-d] [-l] [-n] MODULE…`.
pub(crate) async fn modinfo(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "F:padln0");
    if parsed.rest.is_empty() {
        return ctx.fail("ERROR: missing module or filename.").await;
    }
    let field = match parsed.value('F') {
        Some(field) => Some(field.to_string()),
        None => [('a', "author"), ('d', "description"), ('l', "license"), ('n', "filename"), ('p', "parm")]
            .iter()
            .find(|(letter, _)| parsed.has(*letter))
            .map(|(_, name)| (*name).to_string()),
    };
    let mut status = 0;
    for arg in &parsed.rest {
        let is_path = ctx.sys.stat(arg).await.is_ok_and(|s| s.kind == FileKind::File);
        let found = if is_path { Some(arg.clone()) } else { find_module(&ctx.sys, arg).await };
        let Some(path) = found else {
            status = ctx.fail(&format!("ERROR: Module {arg} not found.")).await;
            continue;
        };
        let bytes = match ctx.sys.read_file(&path).await {
            Ok(bytes) => bytes,
            Err(e) => {
                status = ctx.fail(&format!("ERROR: could not get modinfo from '{arg}': {e}")).await;
                continue;
            }
        };
        let Some(info) = section(&bytes, ".modinfo") else {
            let module = module_name(arg);
            status = ctx.fail(&format!("ERROR: could not get modinfo from '{module}': {}", Errno::ENOEXEC)).await;
            continue;
        };
        let cwd = ctx.sys.getcwd().await.unwrap_or_default();
        let full = if path.starts_with('/') { path } else { format!("{}/{path}", cwd.trim_end_matches('/')) };
        let mut entries: Vec<(String, String)> = vec![("filename".into(), full)];
        for entry in info.split(|&b| b == 0).filter(|e| !e.is_empty()) {
            let entry = text::decode(entry);
            if let Some((key, value)) = entry.split_once('=') {
                entries.push((key.to_string(), value.to_string()));
            }
        }
        // A parameter's description and type are entries of their own.
        let mut params: Vec<(String, String, String)> = Vec::new();
        for (key, value) in entries.iter().filter(|(k, _)| k == "parm" || k == "parmtype") {
            let (name, what) = value.split_once(':').unwrap_or((value, ""));
            let index = params.iter().position(|p| p.0 == name).unwrap_or_else(|| {
                params.push((name.to_string(), String::new(), String::new()));
                params.len() - 1
            });
            if key == "parm" {
                params[index].1 = what.to_string();
            } else {
                params[index].2 = what.to_string();
            }
        }
        let describe = |(name, what, kind): &(String, String, String)| {
            if kind.is_empty() { format!("{name}:{what}") } else { format!("{name}:{what} ({kind})") }
        };
        match &field {
            Some(field) if field == "parm" => {
                for param in &params {
                    ctx.put(&format!("{}\n", describe(param)));
                }
            }
            Some(field) => {
                for (_, value) in entries.iter().filter(|(k, _)| k == field) {
                    ctx.put(&format!("{value}\n"));
                }
            }
            None => {
                for (key, value) in entries.iter().filter(|(k, _)| k != "parm" && k != "parmtype") {
                    ctx.put(&format!("{:<16}{value}\n", format!("{key}:")));
                }
                for param in &params {
                    ctx.put(&format!("{:<16}{}\n", "parm:", describe(param)));
                }
            }
        }
    }
    ctx.end(status).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(module_name("./dir/my-mod.ko"), "my_mod");
        assert_eq!(module_name("plain"), "plain");
        assert_eq!(join_params(&["a=1".into(), "s=two words".into()]), "a=1 s=two words");
        assert_eq!(join_params(&["--".into(), "a=1".into()]), "a=1");
    }

    #[test]
    fn bad_elf_has_no_section() {
        let mut bytes = b"\x7fELF\x02\x01".to_vec();
        bytes.resize(64, 0xff);
        assert_eq!(section(&bytes, ".modinfo"), None);
        assert_eq!(section(b"", ".modinfo"), None);
    }
}
