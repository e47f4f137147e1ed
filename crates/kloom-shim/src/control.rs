//! Files of the kernel's own whose reading and writing reach module code: interrupt lines, the keyboard,
//! CPUs, settings.
//!
//! They run on the calling task's own stack, as file operations do.

use kloom_abi::Errno;

use crate::call::enter;
use crate::include::{cpu, driver, freezer, irq, keyboard, sysctl};

/// Which file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Control {
    /// `/sys/kernel/debug/irq/irqs/N`: writing `trigger` raises the line (kernel/irq/debugfs.c, 6.1).
    Irq(u32),
    /// `/sys/devices/system/cpu/cpuN/online`: writing takes the CPU down or up.
    CpuOnline(u32),
    /// `/sys/devices/system/cpu/online`, `possible`, `present`, `offline`.
    CpuMask(CpuMask),
    /// `/sys/power/state`: writing `freeze` or `mem` suspends the machine for a moment.
    PowerState,
    /// `bind` of a driver, by the address of its `struct device_driver`: writing a device's name gives it the device.
    DriverBind(u64),
    /// `unbind` of a driver: writing a device's name takes it away.
    DriverUnbind(u64),
    /// A file of /proc/sys, by the address of its `struct ctl_table`.
    Sysctl(u64),
    /// `/sys/kernel/debug/kloom/keyboard`: writing `KEYCODE 1` presses a key, `KEYCODE 0` lets it go.
    Keyboard,
}

/// Which CPUs a file lists.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CpuMask {
    /// Those in use.
    Online,
    /// All.
    Possible,
    /// Those taken down.
    Offline,
}

/// The text of a file.
///
/// # Errors
/// `EINVAL` for one that is only written to.
pub(crate) fn read(control: Control) -> Result<Vec<u8>, Errno> {
    match control {
        Control::Irq(irq) => Ok(enter(|machine, _| machine.irq_text(irq)).into_bytes()),
        Control::CpuOnline(cpu) => {
            let online = enter(|machine, _| machine.kernel.cpu_online(cpu));
            Ok(if online { b"1\n".to_vec() } else { b"0\n".to_vec() })
        }
        Control::CpuMask(which) => {
            let (all, online) = enter(|machine, _| (machine.kernel.possible_mask(), machine.kernel.online_mask()));
            let mask = match which {
                CpuMask::Online => online,
                CpuMask::Possible => all,
                CpuMask::Offline => all & !online,
            };
            Ok(format!("{}\n", irq::cpu_list(mask)).into_bytes())
        }
        Control::PowerState => Ok(b"freeze mem\n".to_vec()),
        Control::Sysctl(table) => sysctl::read(table),
        Control::Keyboard | Control::DriverBind(_) | Control::DriverUnbind(_) => Err(Errno::EINVAL),
    }
}

/// Does what is written.
///
/// # Errors
/// `EINVAL` for what the file does not know.
pub(crate) fn write(control: Control, bytes: &[u8]) -> Result<(), Errno> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    match control {
        Control::Irq(irq) if text == "trigger" => enter(|machine, _| machine.raise_irq(irq)),
        // Other words are accepted and do nothing, as on Linux.
        Control::Irq(_) => Ok(()),
        Control::CpuOnline(number) => {
            let up = kloom_lib::kstrtox::kstrtobool(bytes).map_err(|_| Errno::EINVAL)?;
            match if up { cpu::up(number) } else { cpu::down(number) } {
                0 => Ok(()),
                errno => Err(Errno(-errno)),
            }
        }
        Control::PowerState => match text {
            "freeze" => freezer::suspend("s2idle"),
            "mem" => freezer::suspend("deep"),
            _ => Err(Errno::EINVAL),
        },
        Control::Sysctl(table) => sysctl::write(table, bytes),
        Control::CpuMask(_) => Err(Errno::EINVAL),
        Control::DriverBind(driver) => driver::bind_by_name(driver, text),
        Control::DriverUnbind(driver) => driver::unbind_by_name(driver, text),
        Control::Keyboard => {
            let (code, down) = text.split_once(' ').ok_or(Errno::EINVAL)?;
            let code = code.parse().ok().filter(|&code: &u32| code < keyboard::KEYS).ok_or(Errno::EINVAL)?;
            keyboard::key(code, down == "1");
            Ok(())
        }
    }
}
