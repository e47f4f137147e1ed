//! C header: include/linux/keyboard.h: the console's keyboard, and who wants to be told of its keys.
//!
//! The command `key` presses keys. Each makes interrupt 1, with the scan code to be read at port 0x60, and is told to the
//! chain as Linux 6.1 drivers/tty/vt/keyboard.c does (`kbd_keycode()`): the key code, then the symbol of the default US
//! map, then what was done with it.

use kloom_kernel::fs::kernfs::{Attr, DEBUGFS, KernKind};
use kloom_kernel::sched::cpu::{Callback, CallbackSource};
use kloom_kernel::site::ContextKind;

use super::irq;
use super::notifier::{ATOMIC_FIRST, call_chain, forget, register_unguarded, remember, unregister_unguarded};
use crate::Machine;
use crate::call::{ctx, enter, might_sleep};
use crate::control::Control;
use crate::fileops::AttrNode;

/// One more than the highest key code (`NR_KEYS`).
pub(crate) const KEYS: u32 = 256;

/// Stages of a key.
const KEYCODE: u64 = 1;
const UNBOUND_KEYCODE: u64 = 2;
const UNICODE: u64 = 3;
const KEYSYM: u64 = 4;
const POST_KEYSYM: u64 = 5;
/// `NOTIFY_STOP`.
const STOP: i32 = 0x8001;

/// Symbols without a key.
const NO_SYMBOL: u32 = 0xf200;
const SHIFT: u32 = 0xf700;

/// The keyboard.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Head of the chain.
    chain: u64,
    /// Stands for the `struct vc_data`.
    console: u64,
    scan_code: u32,
    shift: u32,
}

impl State {
    /// Whether a link is the chain's first.
    pub(crate) fn is_head(&self, place: u64) -> bool {
        place == self.chain + ATOMIC_FIRST
    }

    /// What is at port 0x60.
    pub(crate) fn scan_code(&self) -> u32 {
        if self.scan_code == 0 { ENTER_RELEASED } else { self.scan_code }
    }
}

/// Before anybody pressed a key: the Enter that ended the last command line was let go.
const ENTER_RELEASED: u32 = 0x9c;

/// Makes the chain and the file.
pub(crate) fn boot(machine: &mut Machine) {
    machine.irqs.keyboard.chain = machine.arena.alloc_kdata(32);
    machine.irqs.keyboard.console = machine.arena.alloc_kdata(64);
    let dir = machine.kernel.vfs.kern.make_dirs(DEBUGFS, "kloom", 0o755);
    let file = KernKind::File(Attr::Ops { ops: 0, object: 0, data: 1 });
    if let Ok(id) = machine.kernel.vfs.kern.add(dir, "keyboard", file, 0o200, None, None) {
        machine.files.attrs.insert(id, AttrNode::Control(Control::Keyboard));
    }
}

/// `register_keyboard_notifier()`: 0 or `-EEXIST`.
///
/// # Context
/// Process context. The functions are called in the interrupt.
pub(crate) extern "C" fn register_keyboard_notifier(block: u64) -> i32 {
    might_sleep("register_keyboard_notifier");
    let ret = register_unguarded(enter(|machine, _| machine.irqs.keyboard.chain), block);
    remember(block, ret == 0);
    ret
}

/// `unregister_keyboard_notifier()`: 0 or `-ENOENT`.
///
/// # Context
/// Process context; waits for functions that run.
pub(crate) extern "C" fn unregister_keyboard_notifier(block: u64) -> i32 {
    might_sleep("unregister_keyboard_notifier");
    let ret = unregister_unguarded(enter(|machine, _| machine.irqs.keyboard.chain), block);
    forget(block);
    ret
}

/// The scan codes (set 1) of a key.
fn scan_codes(code: u32, down: bool) -> Vec<u32> {
    let up = if down { 0 } else { 0x80 };
    let extended = match code {
        96 => 0x1c,
        97 => 0x1d,
        98 => 0x35,
        100 => 0x38,
        102 => 0x47,
        103 => 0x48,
        104 => 0x49,
        105 => 0x4b,
        106 => 0x4d,
        107 => 0x4f,
        108 => 0x50,
        109 => 0x51,
        110 => 0x52,
        111 => 0x53,
        _ => return vec![code & 0x7f | up],
    };
    vec![0xe0, extended | up]
}

/// Presses a key or lets it go: interrupts on the first CPU.
pub(crate) fn key(code: u32, down: bool) {
    let codes = scan_codes(code, down);
    enter(|machine, _| {
        for (index, &scan) in codes.iter().enumerate() {
            let last = index + 1 == codes.len();
            let event = if last { u64::from(code) | u64::from(down) << 32 } else { u64::MAX };
            let callback = Callback {
                kind: ContextKind::Hardirq,
                func: interrupt as *const () as u64,
                args: [u64::from(scan), event, 0],
                source: CallbackSource::Other(1),
            };
            machine.kernel.queue_callback(0, callback);
        }
        machine.end_budget();
    });
}

/// Interrupt 1: the machine's own handler comes first, as it was the first to ask for the line.
extern "C" fn interrupt(scan: u64, event: u64) {
    ctx().call_site.set(0);
    ctx().fp.set(0);
    enter(|machine, _| machine.irqs.keyboard.scan_code = scan as u32);
    if event != u64::MAX {
        keycode(event as u32, event >> 32 != 0);
    }
    irq::handle_line(1);
}

/// Tells the chain of a key.
fn keycode(code: u32, down: bool) {
    let (first, console, shift) = enter(|machine, _| {
        let keyboard = &machine.irqs.keyboard;
        (keyboard.chain + ATOMIC_FIRST, keyboard.console, keyboard.shift)
    });
    let tell = |stage: u64, value: u32| {
        // struct keyboard_notifier_param: vc, down, shift, ledstate, value.
        let down = u64::from(down);
        let param = std::cell::Cell::new([console, down | u64::from(shift) << 32, u64::from(value) << 32]);
        call_chain(first, stage, param.as_ptr() as u64)
    };
    if tell(KEYCODE, code) == STOP {
        tell(UNBOUND_KEYCODE, code);
        return;
    }
    let symbol = symbol(code, shift & 1 != 0);
    if symbol < 0xf000 {
        tell(UNICODE, symbol);
        return;
    }
    if tell(KEYSYM, symbol) == STOP {
        return;
    }
    if (SHIFT..SHIFT + 8).contains(&symbol) {
        let bit = 1 << (symbol & 7);
        enter(|machine, _| {
            let shift = &mut machine.irqs.keyboard.shift;
            *shift = if down { *shift | bit } else { *shift & !bit };
        });
    }
    tell(POST_KEYSYM, symbol);
}

/// Keys 1 to 57 without and with Shift; a space where they are no characters.
const PLAIN: &[u8; 58] = b"  1234567890-=  qwertyuiop[]  asdfghjkl;'` \\zxcvbnm,./    ";
const SHIFTED: &[u8; 58] = b"  !@#$%^&*()_+  QWERTYUIOP{}  ASDFGHJKL:\"~ |ZXCVBNM<>?    ";

/// `key_maps[shift][code]` of the default map.
fn symbol(code: u32, shifted: bool) -> u32 {
    match code {
        1 => 0xf01b,
        14 => 0xf07f,
        15 => 0xf009,
        28 => 0xf201,
        29 | 97 => 0xf702,
        42 | 54 => SHIFT,
        55 => 0xf30c,
        56 => 0xf703,
        57 => 0xf020,
        58 => 0xf207,
        59..=68 => 0xf100 + code - 59 + if shifted { 10 } else { 0 },
        87 | 88 => 0xf10a + code - 87,
        96 => 0xf30e,
        100 => 0xf701,
        102 => 0xf114,
        103 => 0xf603,
        104 => 0xf118,
        105 => 0xf601,
        106 => 0xf602,
        107 => 0xf117,
        108 => 0xf600,
        109 => 0xf119,
        110 => 0xf115,
        111 => 0xf116,
        _ => {
            let row = if shifted { SHIFTED } else { PLAIN };
            match row.get(code as usize) {
                None | Some(b' ') => NO_SYMBOL,
                Some(&letter) if letter.is_ascii_alphabetic() => 0xfb00 | u32::from(letter),
                Some(&character) => 0xf000 | u32::from(character),
            }
        }
    }
}

crate::exports![
    plain: register_keyboard_notifier, unregister_keyboard_notifier;
    variadic: ;
    named:
];

#[cfg(test)]
mod tests {
    use super::{scan_codes, symbol};

    #[test]
    fn keys_have_the_symbols_of_the_us_map() {
        for (code, shifted, expected) in [
            (30, false, 0xfb61),
            (30, true, 0xfb41),
            (2, false, 0xf031),
            (2, true, 0xf021),
            (28, false, 0xf201),
            (43, true, 0xf07c),
            (53, true, 0xf03f),
            (57, false, 0xf020),
            (200, false, 0xf200),
        ] {
            assert_eq!(symbol(code, shifted), expected, "{code} {shifted}");
        }
        assert_eq!(scan_codes(30, true), [0x1e]);
        assert_eq!(scan_codes(30, false), [0x9e]);
        assert_eq!(scan_codes(103, false), [0xe0, 0xc8]);
    }
}
