//! The commands, one file per theme.
//!
//! Whose output each follows: `insmod rmmod lsmod modinfo modprobe` kmod 30; `ps top pgrep pkill pidof uptime free` procps
//! 4.0; `dmesg taskset chrt` util-linux 2.38; everything else, the shell's own `kill` and `timeout` among it, busybox 1.35 (the
//! versions of Debian 12). What a command shows of the kernel comes out of `/proc` and `/sys`, never from here.

mod fileops;
mod filter;
mod grep;
mod hardware;
mod kmod;
mod log;
pub(crate) mod process;
mod ps;
mod sched;
mod script;
mod syscall;
mod sysinfo;
pub(crate) mod test;
mod textout;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::parse;
use crate::shell::Shell;
use crate::sys::{Errno, FileKind, Program, Sys, flags};
use crate::text;

pub(crate) type Env = BTreeMap<String, String>;
pub(crate) type Command = fn(Ctx) -> Program;

/// What a command is started with.
pub(crate) struct Ctx {
    pub(crate) sys: Sys,
    pub(crate) argv: Vec<String>,
    pub(crate) env: Rc<Env>,
    /// What its messages start with.
    pub(crate) who: String,
    out: Vec<u8>,
    broken: Option<Errno>,
}

/// Output is written in pieces of this size, as stdio does.
const BUFFER: usize = 4096;

/// Commands that write and that busybox ash has built in.
const BUILT_IN: [&str; 7] = ["alias", "echo", "jobs", "printf", "pwd", "times", "type"];

impl Ctx {
    pub(crate) fn new(sys: Sys, argv: Vec<String>, env: Rc<Env>) -> Ctx {
        let who = base_name(&argv[0]).to_string();
        Ctx { sys, argv, env, who, out: Vec::new(), broken: None }
    }

    /// Buffers text for stdout.
    pub(crate) fn put(&mut self, text: &str) {
        if text.is_ascii() {
            self.out.extend_from_slice(text.as_bytes());
        } else {
            self.out.extend_from_slice(&text::encode(text));
        }
    }

    pub(crate) fn put_bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Writes full buffers; false when stdout is broken and going on is no use.
    pub(crate) async fn drain(&mut self) -> bool {
        if self.out.len() >= BUFFER { self.flush().await } else { self.broken.is_none() }
    }

    pub(crate) async fn flush(&mut self) -> bool {
        let out = std::mem::take(&mut self.out);
        if self.broken.is_none()
            && let Err(e) = self.sys.write_all(1, &out).await
        {
            self.broken = Some(e);
        }
        self.broken.is_none()
    }

    /// The end of a command: everything written, and the exit code.
    pub(crate) async fn end(mut self, status: i32) -> i32 {
        self.flush().await;
        match self.broken {
            Some(Errno::EPIPE) => 1,
            Some(e) => {
                // A command that busybox's shell has built in speaks as the shell.
                let who = if self.who.starts_with("sh: ") || BUILT_IN.contains(&self.who.as_str()) {
                    "sh"
                } else {
                    self.who.as_str()
                };
                self.warn(&format!("{who}: write error: {e}\n")).await;
                1
            }
            None => status,
        }
    }

    /// `who: message` on stderr, after what stdout has so far; gives 1.
    pub(crate) async fn fail(&mut self, message: &str) -> i32 {
        let line = format!("{}: {message}\n", self.who);
        self.warn(&line).await;
        1
    }

    /// Raw text on stderr.
    pub(crate) async fn warn(&mut self, line: &str) {
        self.flush().await;
        // Nobody is left to hear that stderr is closed.
        let _ = self.sys.write_all(2, &text::encode(line)).await;
    }

    /// Options in getopt's manner, anywhere before `--`; `known` is a getopt string.
    pub(crate) fn options(&self, known: &str) -> Result<Parsed, String> {
        Parsed::new(&self.argv[1..], known, true)
    }
}

/// Options and operands.
pub(crate) struct Parsed {
    options: Vec<(char, String)>,
    pub(crate) rest: Vec<String>,
}

impl Parsed {
    /// `permute`: options may stand after operands.
    pub(crate) fn new(args: &[String], known: &str, permute: bool) -> Result<Parsed, String> {
        let (mut options, mut rest) = (Vec::new(), Vec::new());
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if arg == "--" {
                rest.extend(args.cloned());
                break;
            }
            if !arg.starts_with('-') || arg == "-" {
                rest.push(arg.clone());
                if !permute {
                    rest.extend(args.cloned());
                    break;
                }
                continue;
            }
            if let Some(long) = arg.strip_prefix("--") {
                return Err(format!("unrecognized option '--{long}'"));
            }
            let mut letters = arg.chars().skip(1);
            while let Some(letter) = letters.next() {
                let after = known.find(letter).filter(|_| letter != ':').map(|i| &known[i + letter.len_utf8()..]);
                match after {
                    None => return Err(format!("invalid option -- '{letter}'")),
                    Some(after) if after.starts_with(':') => {
                        let attached: String = letters.by_ref().collect();
                        let value = if attached.is_empty() { args.next().cloned() } else { Some(attached) };
                        match value {
                            Some(value) => options.push((letter, value)),
                            None => {
                                return Err(format!("option requires an argument -- '{letter}'"));
                            }
                        }
                    }
                    Some(_) => options.push((letter, String::new())),
                }
            }
        }
        Ok(Parsed { options, rest })
    }

    pub(crate) fn has(&self, letter: char) -> bool {
        self.options.iter().any(|(l, _)| *l == letter)
    }

    /// The last value given.
    pub(crate) fn value(&self, letter: char) -> Option<&str> {
        self.options.iter().rev().find(|(l, _)| *l == letter).map(|(_, v)| v.as_str())
    }

    pub(crate) fn values(&self, letter: char) -> impl Iterator<Item = &str> {
        self.options.iter().filter(move |(l, _)| *l == letter).map(|(_, v)| v.as_str())
    }
}

/// Parses options or ends the command as busybox does.
macro_rules! options {
    ($ctx:ident, $known:literal) => {
        match $ctx.options($known) {
            Ok(parsed) => parsed,
            Err(message) => return $ctx.fail(&message).await,
        }
    };
}
pub(crate) use options;

/// Reads lines of a descriptor.
pub(crate) struct Lines {
    sys: Sys,
    fd: i32,
    buffer: Vec<u8>,
    start: usize,
    eof: bool,
    /// Whether the last line had its newline.
    pub(crate) ended: bool,
}

impl Lines {
    pub(crate) fn new(sys: &Sys, fd: i32) -> Lines {
        Lines { sys: sys.clone(), fd, buffer: Vec::new(), start: 0, eof: false, ended: true }
    }

    /// The next line without its newline.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, Errno> {
        let mut searched = self.start;
        loop {
            if let Some(i) = self.buffer[searched..].iter().position(|&b| b == b'\n') {
                let line = text::decode(&self.buffer[self.start..searched + i]);
                self.start = searched + i + 1;
                self.ended = true;
                return Ok(Some(line));
            }
            if self.eof {
                let rest = text::decode(&self.buffer[self.start..]);
                let any = self.start < self.buffer.len();
                self.start = self.buffer.len();
                self.ended = !any;
                return Ok(any.then_some(rest));
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            searched = self.buffer.len();
            let bytes = loop {
                match self.sys.read(self.fd, 65536).await {
                    Err(Errno::EINTR) => {}
                    result => break result?,
                }
            };
            self.eof = bytes.is_empty();
            self.buffer.extend_from_slice(&bytes);
        }
    }

    pub(crate) async fn close(self) {
        if self.fd != 0 {
            let _ = self.sys.close(self.fd).await;
        }
    }
}

impl Ctx {
    /// Opens an input; `-` is stdin. Errors are told as busybox does.
    pub(crate) async fn input(&mut self, path: &str) -> Option<i32> {
        if path == "-" {
            return Some(0);
        }
        match self.sys.open(path, flags::O_RDONLY, 0).await {
            Ok(fd) => Some(fd),
            Err(e) => {
                self.fail(&format!("{path}: {e}")).await;
                None
            }
        }
    }

    /// All lines of an input, errors told.
    pub(crate) async fn lines_of(&mut self, path: &str) -> Option<Vec<String>> {
        let fd = self.input(path).await?;
        let mut lines = Lines::new(&self.sys, fd);
        let mut all = Vec::new();
        loop {
            match lines.next().await {
                Ok(Some(line)) => all.push(line),
                Ok(None) => break,
                Err(e) => {
                    self.fail(&format!("{path}: {e}")).await;
                    lines.close().await;
                    return None;
                }
            }
        }
        lines.close().await;
        Some(all)
    }
}

/// The last component of a path.
pub(crate) fn base_name(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() && !path.is_empty() {
        return "/";
    }
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

/// Seconds with fraction and suffix (`1.5`, `2m`) in nanoseconds.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = match text.char_indices().last()? {
        (i, 's') => (&text[..i], 1.0),
        (i, 'm') => (&text[..i], 60.0),
        (i, 'h') => (&text[..i], 3600.0),
        (i, 'd') => (&text[..i], 86400.0),
        _ => (text, 1.0),
    };
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    // Decimal by hand as far as it goes: 0.1 must be exactly 100000000 ns.
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let ns = whole.checked_mul(1_000_000_000)?.checked_add(digits.parse().ok()?)?;
    ns.checked_mul(unit as u64)
}

macro_rules! table {
    ($($($name:literal)|+ => $module:ident :: $function:ident @ $dir:literal,)*) => {
        /// The command of this name.
        pub(crate) fn find(name: &str) -> Option<Command> {
            Some(match name {
                $($($name)|+ => |ctx| Box::pin($module::$function(ctx)),)*
                _ => return None,
            })
        }

        /// Every command with the directory it lives in, sorted by the order of themes.
        pub const COMMANDS: &[(&str, &str)] = &[$($(($name, $dir),)+)*];
    };
}

table! {
    "insmod" => kmod::insmod @ "/sbin",
    "rmmod" => kmod::rmmod @ "/sbin",
    "lsmod" => kmod::lsmod @ "/sbin",
    "modinfo" => kmod::modinfo @ "/sbin",
    "modprobe" => kmod::modprobe @ "/sbin",
    "syscall" => syscall::syscall @ "/usr/bin",
    "ioctl" => syscall::ioctl @ "/usr/bin",
    "dmesg" => log::dmesg @ "/bin",
    "logger" => log::logger @ "/usr/bin",
    "ps" => ps::ps @ "/bin",
    "top" => ps::top @ "/usr/bin",
    "pgrep" | "pkill" => process::pgrep @ "/usr/bin",
    "killall" => process::killall @ "/usr/bin",
    "pidof" => process::pidof @ "/bin",
    "kill" => process::kill @ "/bin",
    "timeout" => process::timeout @ "/usr/bin",
    "nohup" => process::nohup @ "/usr/bin",
    "sleep" => process::sleep @ "/bin",
    "usleep" => process::usleep @ "/bin",
    "env" => process::env @ "/usr/bin",
    "printenv" => process::printenv @ "/usr/bin",
    "which" => process::which @ "/usr/bin",
    "xargs" => process::xargs @ "/usr/bin",
    "watch" => process::watch @ "/usr/bin",
    "sh" | "ash" | "dash" | "bash" => script::sh @ "/bin",
    "nice" => sched::nice @ "/usr/bin",
    "renice" => sched::renice @ "/usr/bin",
    "taskset" => sched::taskset @ "/usr/bin",
    "chrt" => sched::chrt @ "/usr/bin",
    "nproc" => sched::nproc @ "/usr/bin",
    "irq" => hardware::irq @ "/usr/sbin",
    "key" => hardware::key @ "/usr/bin",
    "cpu" => hardware::cpu @ "/usr/sbin",
    "sigio" => hardware::sigio @ "/usr/bin",
    "cat" => textout::cat @ "/bin",
    "echo" => textout::echo @ "/bin",
    "printf" => textout::printf @ "/usr/bin",
    "yes" => textout::yes @ "/usr/bin",
    "seq" => textout::seq @ "/usr/bin",
    "true" | ":" => textout::yes_status @ "/bin",
    "false" => textout::no_status @ "/bin",
    "test" | "[" => test::command @ "/usr/bin",
    "expr" => textout::expr @ "/usr/bin",
    "basename" => textout::basename @ "/usr/bin",
    "dirname" => textout::dirname @ "/usr/bin",
    "od" => textout::od @ "/usr/bin",
    "hexdump" | "hd" => textout::hexdump @ "/usr/bin",
    "grep" | "egrep" | "fgrep" => grep::grep @ "/bin",
    "sed" => grep::sed @ "/bin",
    "awk" => grep::awk @ "/usr/bin",
    "head" => filter::head @ "/usr/bin",
    "tail" => filter::tail @ "/usr/bin",
    "wc" => filter::wc @ "/usr/bin",
    "tr" => filter::tr @ "/usr/bin",
    "cut" => filter::cut @ "/usr/bin",
    "sort" => filter::sort @ "/usr/bin",
    "uniq" => filter::uniq @ "/usr/bin",
    "tee" => filter::tee @ "/usr/bin",
    "tac" => filter::tac @ "/usr/bin",
    "rev" => filter::rev @ "/usr/bin",
    "nl" => filter::nl @ "/usr/bin",
    "diff" => filter::diff @ "/usr/bin",
    "cmp" => filter::cmp @ "/usr/bin",
    "ls" => fileops::ls @ "/bin",
    "mkdir" => fileops::mkdir @ "/bin",
    "rmdir" => fileops::rmdir @ "/bin",
    "rm" => fileops::rm @ "/bin",
    "touch" => fileops::touch @ "/bin",
    "cp" => fileops::cp @ "/bin",
    "mv" => fileops::mv @ "/bin",
    "chmod" => fileops::chmod @ "/bin",
    "mknod" => fileops::mknod @ "/bin",
    "mount" => fileops::mount @ "/bin",
    "umount" => fileops::umount @ "/bin",
    "stat" => fileops::stat @ "/bin",
    "dd" => fileops::dd @ "/bin",
    "find" => fileops::find @ "/usr/bin",
    "readlink" => fileops::readlink @ "/bin",
    "pwd" => fileops::pwd @ "/bin",
    "mktemp" => fileops::mktemp @ "/bin",
    "uname" => sysinfo::uname @ "/bin",
    "hostname" => sysinfo::hostname @ "/bin",
    "id" => sysinfo::id @ "/usr/bin",
    "whoami" => sysinfo::whoami @ "/usr/bin",
    "date" => sysinfo::date @ "/bin",
    "uptime" => sysinfo::uptime @ "/usr/bin",
    "free" => sysinfo::free @ "/usr/bin",
    "sync" => sysinfo::sync @ "/bin",
    "poweroff" | "reboot" | "halt" => sysinfo::poweroff @ "/sbin",
    "sysctl" => sysinfo::sysctl @ "/sbin",
    "clear" | "depmod" | "udevadm" | "stty" | "chown" | "chgrp" => textout::yes_status @ "/bin",
    "sudo" => process::sudo @ "/usr/bin",
}

/// The path a command name stands for: the table first, then scripts in `PATH`'s usual places.
pub(crate) async fn path_of(sys: &Sys, name: &str) -> Option<String> {
    if name.contains('/') {
        return sys.stat(name).await.is_ok().then(|| name.to_string());
    }
    COMMANDS.iter().find(|(n, _)| *n == name).map(|(n, dir)| format!("{dir}/{n}"))
}

/// Runs `argv` in the process of `sys` as `execvp` would, and gives the exit code.
pub(crate) async fn execute(sys: Sys, argv: Vec<String>, env: Rc<Env>) -> i32 {
    let path = argv[0].clone();
    const PLACES: [&str; 5] = ["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin"];
    let name = match path.rsplit_once('/') {
        Some((dir, name)) if PLACES.contains(&dir) => name,
        _ => path.as_str(),
    };
    if let Some(command) = find(name) {
        // Naming a process cannot fail.
        let _ = sys.exec(name, &argv).await;
        return command(Ctx::new(sys, argv, env)).await;
    }
    let complain = |sys: Sys, text: String| async move {
        let _ = sys.write_all(2, &text::encode(&format!("sh: {text}\n"))).await;
    };
    if path.contains('/') {
        match sys.stat(&path).await {
            Ok(stat) if stat.kind == FileKind::File && stat.mode & 0o111 != 0 => {
                let bytes = match sys.read_file(&path).await {
                    Ok(bytes) => bytes,
                    Err(e) => {
                        complain(sys, format!("{path}: {e}")).await;
                        return 126;
                    }
                };
                if bytes.starts_with(b"\x7fELF") {
                    complain(sys, format!("{path}: Exec format error")).await;
                    return 126;
                }
                let _ = sys.exec(base_name(&path), &argv).await;
                return match parse::parse(&bytes) {
                    Ok(script) => {
                        let mut shell = Shell::with_env(sys, &env).await;
                        shell.name = path;
                        shell.set_args(argv[1..].to_vec());
                        Box::pin(shell.run_script(&script, false)).await
                    }
                    Err(e) => {
                        complain(sys, format!("{path}: {e}")).await;
                        2
                    }
                };
            }
            Ok(_) => {
                complain(sys, format!("{path}: Permission denied")).await;
                return 126;
            }
            Err(Errno::ENOENT | Errno::ENOTDIR) => {}
            Err(e) => {
                complain(sys, format!("{path}: {e}")).await;
                return 126;
            }
        }
    }
    complain(sys, format!("{path}: not found")).await;
    127
}
