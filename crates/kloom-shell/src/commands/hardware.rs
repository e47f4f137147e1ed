//! What a hand does to the machine: `irq` raises an interrupt line, `key` presses keys, `cpu` takes processors down and
//! up; and `sigio`, a program that wants a signal from a device. The first three write to a file, so a script without kloom's commands can do the same.

use super::{Ctx, options, seconds};
use crate::signals;
use crate::sys::{Errno, SigAction, Sys, flags};

/// Opens, writes, closes.
async fn write_file(sys: &Sys, path: &str, text: &str) -> Result<(), Errno> {
    let fd = sys.open(path, flags::O_WRONLY, 0).await?;
    let wrote = sys.write_all(fd, text.as_bytes()).await;
    let _ = sys.close(fd).await;
    wrote
}

/// `irq LINE [COUNT]`: raises an interrupt line (`/sys/kernel/debug/irq/irqs/LINE`).
pub(crate) async fn irq(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "");
    let (line, count) = match parsed.rest.as_slice() {
        [line] => (line.clone(), Some(1)),
        [line, count] => (line.clone(), count.parse::<u32>().ok()),
        _ => (String::new(), None),
    };
    let (Ok(line), Some(count)) = (line.parse::<u32>(), count) else {
        ctx.warn("Usage: irq LINE [COUNT]\n").await;
        return 1;
    };
    for _ in 0..count {
        match write_file(&ctx.sys, &format!("/sys/kernel/debug/irq/irqs/{line}"), "trigger").await {
            Ok(()) => {}
            Err(Errno::ENOENT) => return ctx.fail(&format!("{line}: no such line")).await,
            Err(Errno::EINVAL) => return ctx.fail(&format!("{line}: nothing is connected to this line")).await,
            Err(e) => return ctx.fail(&format!("{line}: {e}")).await,
        }
    }
    0
}

/// `cpu N up|down`: writes `/sys/devices/system/cpu/cpuN/online`.
pub(crate) async fn cpu(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "");
    let value = match parsed.rest.get(1).map(String::as_str) {
        Some("up") => "1",
        Some("down") => "0",
        _ => "",
    };
    let cpu = parsed.rest.first().and_then(|cpu| cpu.parse::<u32>().ok());
    let (Some(cpu), false) = (cpu, value.is_empty() || parsed.rest.len() > 2) else {
        ctx.warn("Usage: cpu N up|down\n").await;
        return 1;
    };
    match write_file(&ctx.sys, &format!("/sys/devices/system/cpu/cpu{cpu}/online"), value).await {
        Ok(()) => 0,
        Err(e) => ctx.fail(&format!("cpu{cpu}: {e}")).await,
    }
}

/// `FIOASYNC`.
const FIOASYNC: u64 = 0x5452;

/// `sigio FILE [SECONDS]`: asks a device for SIGIO, as a program does with `fcntl(F_SETOWN)` and `O_ASYNC`, and waits for it
/// (10 seconds if not told otherwise): 0 when it came, 1 when it did not.
pub(crate) async fn sigio(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "");
    let (path, wait_ns) = match parsed.rest.as_slice() {
        [path] => (path.clone(), Some(10_000_000_000)),
        [path, time] => (path.clone(), seconds(time)),
        _ => (String::new(), None),
    };
    let Some(wait_ns) = wait_ns else {
        ctx.warn("Usage: sigio FILE [SECONDS]\n").await;
        return 1;
    };
    if let Err(e) = ctx.sys.sigaction(signals::SIGIO, SigAction::Catch).await {
        return ctx.fail(&e.to_string()).await;
    }
    let fd = match ctx.sys.open(&path, flags::O_RDONLY, 0).await {
        Ok(fd) => fd,
        Err(e) => return ctx.fail(&format!("{path}: {e}")).await,
    };
    if let Err(e) = ctx.sys.ioctl(fd, FIOASYNC, vec![1, 0, 0, 0]).await {
        return ctx.fail(&format!("{path}: {e}")).await;
    }
    let left = ctx.sys.nanosleep(wait_ns).await.unwrap_or(0);
    let caught = ctx.sys.take_signals().await.unwrap_or_default().contains(&signals::SIGIO);
    let _ = ctx.sys.close(fd).await;
    let text = if caught { format!("SIGIO after {} ms\n", (wait_ns - left) / 1_000_000) } else { "no SIGIO\n".into() };
    ctx.put(&text);
    ctx.end(i32::from(!caught)).await
}

/// Keys that are no characters, by the names of `input-event-codes.h` in lower case.
const NAMED: [(&str, u32); 38] = [
    ("esc", 1),
    ("backspace", 14),
    ("tab", 15),
    ("enter", 28),
    ("leftctrl", 29),
    ("leftshift", 42),
    ("rightshift", 54),
    ("leftalt", 56),
    ("space", 57),
    ("capslock", 58),
    ("f1", 59),
    ("f2", 60),
    ("f3", 61),
    ("f4", 62),
    ("f5", 63),
    ("f6", 64),
    ("f7", 65),
    ("f8", 66),
    ("f9", 67),
    ("f10", 68),
    ("f11", 87),
    ("f12", 88),
    ("kpenter", 96),
    ("rightctrl", 97),
    ("sysrq", 99),
    ("rightalt", 100),
    ("home", 102),
    ("up", 103),
    ("pageup", 104),
    ("left", 105),
    ("right", 106),
    ("end", 107),
    ("down", 108),
    ("pagedown", 109),
    ("insert", 110),
    ("delete", 111),
    ("leftmeta", 125),
    ("rightmeta", 126),
];
const LEFT_SHIFT: u32 = 42;

/// Keys 2 to 57 of a US keyboard without and with Shift; a tab where they are no characters.
const PLAIN: &str = "\t\t1234567890-=\t\tqwertyuiop[]\t\tasdfghjkl;'`\t\\zxcvbnm,./\t\t\t ";
const SHIFTED: &str = "\t\t!@#$%^&*()_+\t\tQWERTYUIOP{}\t\tASDFGHJKL:\"~\t|ZXCVBNM<>?\t\t\t\t";

/// The key of a character, and whether it needs Shift.
fn key_of(character: char) -> Option<(u32, bool)> {
    if matches!(character, '\t' | '\n') {
        return Some((if character == '\n' { 28 } else { 15 }, false));
    }
    let find = |row: &str| row.chars().position(|c| c == character).map(|at| at as u32);
    find(PLAIN).map(|code| (code, false)).or_else(|| find(SHIFTED).map(|code| (code, true)))
}

/// The presses and releases that an argument stands for: a key's name, or the characters of a text.
fn strokes(text: &str) -> Option<Vec<(u32, bool)>> {
    if text.chars().count() > 1
        && let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == text)
    {
        return Some(vec![(*code, true), (*code, false)]);
    }
    let mut strokes = Vec::new();
    for character in text.chars() {
        let (code, shift) = key_of(character)?;
        strokes.extend(shift.then_some((LEFT_SHIFT, true)));
        strokes.extend([(code, true), (code, false)]);
        strokes.extend(shift.then_some((LEFT_SHIFT, false)));
    }
    Some(strokes)
}

/// `key WHAT…`: presses keys of the console's keyboard, each WHAT being the name of a key (`enter`, `f1`) or a text.
pub(crate) async fn key(mut ctx: Ctx) -> i32 {
    if ctx.argv.len() < 2 {
        ctx.warn("Usage: key KEY|TEXT...\n").await;
        return 1;
    }
    for text in ctx.argv.split_off(1) {
        let Some(strokes) = strokes(&text) else { return ctx.fail(&format!("{text}: no such key")).await };
        for (code, down) in strokes {
            let line = format!("{code} {}", u32::from(down));
            if let Err(e) = write_file(&ctx.sys, "/sys/kernel/debug/kloom/keyboard", &line).await {
                return ctx.fail(&format!("{text}: {e}")).await;
            }
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::{key_of, strokes};

    #[test]
    fn characters_have_the_keys_of_a_us_keyboard() {
        for (character, expected) in [
            ('1', Some((2, false))),
            ('!', Some((2, true))),
            ('q', Some((16, false))),
            ('A', Some((30, true))),
            ('\\', Some((43, false))),
            ('z', Some((44, false))),
            ('?', Some((53, true))),
            (' ', Some((57, false))),
            ('é', None),
        ] {
            assert_eq!(key_of(character), expected, "{character}");
        }
        assert_eq!(strokes("enter"), Some(vec![(28, true), (28, false)]));
        assert_eq!(strokes("B").map(|strokes| strokes.len()), Some(4));
        assert_eq!(strokes("é"), None);
    }
}
