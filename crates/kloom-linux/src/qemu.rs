//! One boot of the guest under QEMU.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Error;
use crate::host::{self, Deadline, Guarded};
use crate::protocol;
use crate::setup::Linux;

/// The machine to boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Number of CPUs. One CPU skips idle time; more run in real time.
    pub cpus: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Words added to the kernel's command line.
    pub append: Vec<String>,
    /// Try hardware virtualisation; emulation is what works everywhere.
    pub kvm: bool,
}

impl Default for Machine {
    fn default() -> Self {
        Self { cpus: 1, memory_mib: 256, append: Vec::new(), kvm: false }
    }
}

/// Limits of host time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the start of QEMU to the first case.
    pub boot_s: u64,
    /// Between two marks of the guest.
    pub command_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { boot_s: 60, command_s: 120 }
    }
}

/// The raw content of the two serial lines.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) console: String,
    pub(crate) channel: String,
}

/// Boots `initramfs` and waits for the guest to end, or ends it at a limit.
///
/// QEMU is killed when this returns for any reason, and by the system when this process dies.
pub(crate) fn boot(
    linux: &Linux,
    machine: &Machine,
    limits: Limits,
    stop: &AtomicBool,
    initramfs: &[u8],
) -> Result<Lines, Error> {
    let scratch = tempfile::Builder::new()
        .prefix("kloom-boot-")
        .tempdir()
        .map_err(Error::io(Path::new("temporary directory")))?;
    let file = |name: &str| scratch.path().join(name);
    let initrd = file("initramfs");
    std::fs::write(&initrd, initramfs).map_err(Error::io(&initrd))?;
    let (console, channel) = (file("console"), file("channel"));
    let mut command = qemu_command(linux, machine, &initrd, &console, &channel)?;
    let log = std::fs::File::create(file("qemu")).map_err(Error::io(scratch.path()))?;
    let child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().map_err(|source| Error::Program {
            command: "qemu-system-x86_64".to_owned(),
            detail: source.to_string(),
        })?;
    let mut child = Guarded(child);
    let lines = || Lines { console: read(&console), channel: read(&channel) };
    let mut deadline = Deadline::after(limits.boot_s);
    let mut seen = 0;
    loop {
        let ended = child.0.try_wait().map_err(Error::io(scratch.path()))?;
        let now = lines();
        if let Some(status) = ended {
            if !status.success() && now.console.is_empty() {
                return Err(Error::Program { command: "qemu-system-x86_64".to_owned(), detail: read(&file("qemu")) });
            }
            return Ok(now);
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let progress = protocol::progress(&now.console);
        if progress > seen {
            seen = progress;
            deadline = Deadline::after(limits.command_s);
        }
        if deadline.passed() {
            return Ok(now);
        }
        host::pause();
    }
}

/// Lossy on purpose: a guest may print any byte.
fn read(path: &Path) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn qemu_command(
    linux: &Linux,
    machine: &Machine,
    initrd: &Path,
    console: &Path,
    channel: &Path,
) -> Result<Command, Error> {
    let qemu = host::program("qemu-system-x86_64").ok_or_else(|| Error::Missing {
        parts: vec!["qemu-system-x86 (`kloom linux setup` installs it)".to_owned()],
    })?;
    let mut command = dies_with_us(qemu);
    command.args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]);
    command.args(["-accel", if machine.kvm { "kvm" } else { "tcg" }]);
    if !machine.kvm {
        // What every machine of the last ten years has: user memory is out of the kernel's reach.
        command.args(["-cpu", "qemu64,+smep,+smap"]);
    }
    command.args(["-m", &machine.memory_mib.to_string()]);
    command.args(["-smp", &machine.cpus.to_string()]);
    if machine.cpus == 1 && !machine.kvm {
        // Skips idle time. With more CPUs QEMU hangs in this mode.
        command.args(["-icount", "shift=auto,sleep=off"]);
    }
    command.arg("-kernel").arg(&linux.image);
    command.arg("-initrd").arg(initrd);
    for line in [console, channel] {
        command.arg("-serial").arg(format!("file:{}", line.display()));
    }
    let mut append = "console=ttyS0 quiet panic=-1 nokaslr printk.devkmsg=on".to_owned();
    for word in &machine.append {
        append.push(' ');
        append.push_str(word);
    }
    command.args(["-append", &append]);
    Ok(command)
}

/// `program`, to be killed by the system when the thread that starts it dies.
///
/// `setpriv` (util-linux) sets that up in the child, which safe Rust cannot; without it a killed
/// kloom would leave QEMU to run into the guest's own end.
fn dies_with_us(program: PathBuf) -> Command {
    match host::program("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}
