//! C header: include/linux/string.h.
//!
//! Every byte a function touches is checked as the module's own accesses are. Behaviour follows Linux 6.1 lib/string.c,
//! lib/string_helpers.c and mm/util.c.

use kloom_abi::Errno;
use kloom_kernel::fault::Fault;
use kloom_lib::ctype::{isspace, tolower};

use super::slab::may_block;
use super::uaccess;
use crate::Machine;
use crate::call::enter;
use crate::oops::or_oops;

/// Runs `f` with the machine; a fault of the module becomes an oops.
fn with<T>(f: impl FnOnce(&mut Machine) -> Result<T, Fault>) -> T {
    or_oops(enter(|machine, _| f(machine)))
}

fn same(byte: u8) -> u8 {
    byte
}

/// `addr + index`, or NULL.
fn place(addr: u64, index: Option<usize>) -> u64 {
    index.map_or(0, |index| addr + index as u64)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    if what.is_empty() {
        return Some(0);
    }
    text.windows(what.len()).position(|window| window == what)
}

/// The length of the leading part whose bytes `accept` takes.
fn span(text: &[u8], accept: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|&byte| !accept(byte)).unwrap_or(text.len())
}

/// Equal but for one newline at either end (`sysfs_streq()`).
fn sysfs_equal(a: &[u8], b: &[u8]) -> bool {
    a == b || a.strip_suffix(b"\n") == Some(b) || b.strip_suffix(b"\n") == Some(a)
}

/// `memset()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn memset(addr: u64, byte: i32, len: u64) -> u64 {
    with(|machine| machine.fill(addr, byte as u8, len));
    addr
}

/// `memcpy()`, `memmove()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn memmove(dest: u64, src: u64, len: u64) -> u64 {
    with(|machine| machine.copy(dest, src, len));
    dest
}

/// `memcmp()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn memcmp(a: u64, b: u64, len: u64) -> i32 {
    with(|machine| machine.compare(a, b, len, false, same))
}

/// The first byte that `wanted` takes, or NULL.
fn first(addr: u64, len: u64, wanted: impl Fn(u8) -> bool) -> u64 {
    with(|machine| {
        let (before, found) = machine.scan(addr, len, wanted)?;
        Ok(if found { addr + before.len() as u64 } else { 0 })
    })
}

/// `memchr()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn memchr(addr: u64, byte: i32, len: u64) -> u64 {
    first(addr, len, |found| found == byte as u8)
}

/// `memchr_inv()`: the first byte that is not `byte`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn memchr_inv(addr: u64, byte: i32, len: u64) -> u64 {
    first(addr, len, |found| found != byte as u8)
}

/// `memscan()`: the byte, or the end.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn memscan(addr: u64, byte: i32, len: u64) -> u64 {
    match memchr(addr, byte, len) {
        0 => addr + len,
        found => found,
    }
}

/// `strlen()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strlen(s: u64) -> u64 {
    with(|machine| Ok(machine.text(s)?.len() as u64))
}

/// `strnlen()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strnlen(s: u64, max: u64) -> u64 {
    with(|machine| Ok(machine.cstr(s, max)?.len() as u64))
}

/// `strcpy()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strcpy(dest: u64, src: u64) -> u64 {
    with(|machine| {
        let text = machine.text(src)?;
        machine.store_cstr(dest, &text)
    });
    dest
}

/// `strncpy()`: fills with zeroes, or leaves the copy without an end.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strncpy(dest: u64, src: u64, max: u64) -> u64 {
    with(|machine| {
        let text = machine.cstr(src, max)?;
        machine.mem_check(dest, max, true)?;
        machine.store(dest, &text)?;
        machine.fill(dest + text.len() as u64, 0, max - text.len() as u64)
    });
    dest
}

/// What `strscpy()` copies and returns.
fn bounded(machine: &mut Machine, dest: u64, src: u64, max: u64) -> Result<(i64, u64), Fault> {
    if max == 0 || max > i32::MAX as u64 {
        if max != 0 {
            machine.warn_kernel_once("lib/string.c", 190, "strscpy");
        }
        return Ok((i64::from(-Errno::E2BIG.0), 0));
    }
    let text = machine.cstr(src, max)?;
    let cut = text.len() as u64 == max;
    let kept = &text[..text.len() - usize::from(cut)];
    machine.store_cstr(dest, kept)?;
    let len = kept.len() as u64;
    Ok((if cut { i64::from(-Errno::E2BIG.0) } else { len as i64 }, len + 1))
}

/// `strscpy()`: the length, or `-E2BIG` when cut.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strscpy(dest: u64, src: u64, max: u64) -> i64 {
    with(|machine| Ok(bounded(machine, dest, src, max)?.0))
}

/// `strscpy_pad()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strscpy_pad(dest: u64, src: u64, max: u64) -> i64 {
    with(|machine| {
        let (result, used) = bounded(machine, dest, src, max)?;
        if result >= 0 {
            machine.fill(dest + used, 0, max - used)?;
        }
        Ok(result)
    })
}

/// `strlcpy()`: the length of `src`, which is read to its end.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strlcpy(dest: u64, src: u64, max: u64) -> u64 {
    with(|machine| {
        machine.note_removed("strlcpy", "strscpy()");
        let text = machine.text(src)?;
        if max > 0 {
            machine.store_cstr(dest, &text[..text.len().min(max as usize - 1)])?;
        }
        Ok(text.len() as u64)
    })
}

/// `strlcat()`: the length it tried to make; a `dest` without an end in `max` bytes is a BUG.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strlcat(dest: u64, src: u64, max: u64) -> u64 {
    with(|machine| {
        let have = machine.cstr(dest, max)?.len() as u64;
        let text = machine.text(src)?;
        if have >= max {
            let function = "strlcat".to_string();
            return Err(Fault::Bug {
                file: "lib/string.c".into(),
                line: 303,
                function,
                condition: "dsize >= count".into(),
            });
        }
        machine.store_cstr(dest + have, &text[..text.len().min((max - have) as usize - 1)])?;
        Ok(have + text.len() as u64)
    })
}

/// `strcat()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strcat(dest: u64, src: u64) -> u64 {
    strncat(dest, src, u64::MAX)
}

/// `strncat()`: at most `max` characters and an end.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strncat(dest: u64, src: u64, max: u64) -> u64 {
    with(|machine| {
        if max > 0 {
            let have = machine.text(dest)?.len() as u64;
            let text = machine.cstr(src, max)?;
            machine.store_cstr(dest + have, &text)?;
        }
        Ok(dest)
    })
}

/// `strcmp()`: -1, 0 or 1.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strcmp(a: u64, b: u64) -> i32 {
    strncmp(a, b, u64::MAX)
}

/// `strncmp()`: -1, 0 or 1.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strncmp(a: u64, b: u64, max: u64) -> i32 {
    with(|machine| Ok(machine.compare(a, b, max, true, same)?.signum()))
}

/// `strcasecmp()`: the difference of the first characters that differ.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strcasecmp(a: u64, b: u64) -> i32 {
    strncasecmp(a, b, u64::MAX)
}

/// `strncasecmp()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strncasecmp(a: u64, b: u64, max: u64) -> i32 {
    with(|machine| machine.compare(a, b, max, true, tolower))
}

fn chr(s: u64, byte: i32, max: u64, or_end: bool) -> u64 {
    let wanted = byte as u8;
    with(|machine| {
        let (before, stopped) = machine.scan(s, max, |found| found == wanted || found == 0)?;
        let at = s + before.len() as u64;
        let hit = stopped && (or_end || machine.load(at, 1)? == [wanted]);
        Ok(if hit { at } else { 0 })
    })
}

/// `strchr()`: finds the end, too.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strchr(s: u64, byte: i32) -> u64 {
    chr(s, byte, u64::MAX, false)
}

/// `strchrnul()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strchrnul(s: u64, byte: i32) -> u64 {
    chr(s, byte, u64::MAX, true)
}

/// `strnchr()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strnchr(s: u64, max: u64, byte: i32) -> u64 {
    chr(s, byte, max, false)
}

/// `strrchr()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strrchr(s: u64, byte: i32) -> u64 {
    with(|machine| {
        let text = machine.text(s)?;
        let found =
            if byte as u8 == 0 { Some(text.len()) } else { text.iter().rposition(|&found| found == byte as u8) };
        Ok(place(s, found))
    })
}

/// `strstr()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strstr(s: u64, what: u64) -> u64 {
    strnstr(s, what, u64::MAX)
}

/// `strnstr()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strnstr(s: u64, what: u64, max: u64) -> u64 {
    with(|machine| {
        let what = machine.text(what)?;
        let text = machine.cstr(s, max)?;
        Ok(place(s, find(&text, &what)))
    })
}

/// `strspn()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strspn(s: u64, accept: u64) -> u64 {
    with(|machine| {
        let accept = machine.text(accept)?;
        Ok(machine.scan(s, u64::MAX, |byte| !accept.contains(&byte))?.0.len() as u64)
    })
}

/// `strcspn()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strcspn(s: u64, reject: u64) -> u64 {
    with(|machine| {
        let reject = machine.text(reject)?;
        Ok(machine.scan(s, u64::MAX, |byte| byte == 0 || reject.contains(&byte))?.0.len() as u64)
    })
}

/// `strpbrk()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strpbrk(s: u64, accept: u64) -> u64 {
    with(|machine| {
        let accept = machine.text(accept)?;
        let at = s + machine.scan(s, u64::MAX, |byte| byte == 0 || accept.contains(&byte))?.0.len() as u64;
        Ok(if machine.load(at, 1)? == [0] { 0 } else { at })
    })
}

/// `strsep()`: cuts the next word off `*s`; empty words count.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strsep(s: u64, delim: u64) -> u64 {
    with(|machine| {
        machine.check_access(s, 8, true)?;
        let word = machine.peek_u64(s);
        if word == 0 {
            return Ok(0);
        }
        let delim = machine.text(delim)?;
        let end = word + machine.scan(word, u64::MAX, |byte| byte == 0 || delim.contains(&byte))?.0.len() as u64;
        let rest = if machine.load(end, 1)? == [0] {
            0
        } else {
            machine.store(end, &[0])?;
            end + 1
        };
        machine.poke_u64(s, rest);
        Ok(word)
    })
}

/// `skip_spaces()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn skip_spaces(s: u64) -> u64 {
    with(|machine| Ok(s + machine.scan(s, u64::MAX, |byte| !isspace(byte))?.0.len() as u64))
}

/// `strim()`: cuts the end in place, returns the first character that is no white space.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strim(s: u64) -> u64 {
    with(|machine| {
        let text = machine.text(s)?;
        if text.is_empty() {
            return Ok(s);
        }
        let end = text.iter().rposition(|&byte| !isspace(byte)).map_or(0, |last| last + 1);
        machine.store(s + end as u64, &[0])?;
        Ok(s + span(&text[..end], isspace) as u64)
    })
}

/// `strreplace()`: returns the end, as 6.1 does.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn strreplace(s: u64, old: u8, new: u8) -> u64 {
    with(|machine| {
        let mut text = machine.text(s)?;
        if text.contains(&old) {
            text.iter_mut().filter(|byte| **byte == old).for_each(|byte| *byte = new);
            machine.store(s, &text)?;
        }
        Ok(s + text.len() as u64)
    })
}

/// `sysfs_streq()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn sysfs_streq(a: u64, b: u64) -> bool {
    with(|machine| {
        let (left, right) = (machine.text(a)?, machine.text(b)?);
        Ok(sysfs_equal(&left, &right))
    })
}

fn matching(array: u64, n: u64, wanted: u64, equal: fn(&[u8], &[u8]) -> bool) -> i32 {
    with(|machine| {
        let wanted = machine.text(wanted)?;
        for index in 0..n {
            let slot = array.wrapping_add(index.wrapping_mul(8));
            machine.check_access(slot, 8, false)?;
            let item = machine.peek_u64(slot);
            if item == 0 {
                break;
            }
            if equal(&machine.text(item)?, &wanted) {
                return Ok(index as i32);
            }
        }
        Ok(-Errno::EINVAL.0)
    })
}

/// `match_string()`: the index, or `-EINVAL`; NULL ends the array.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn match_string(array: u64, n: u64, string: u64) -> i32 {
    matching(array, n, string, |a, b| a == b)
}

/// `__sysfs_match_string()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __sysfs_match_string(array: u64, n: u64, string: u64) -> i32 {
    matching(array, n, string, sysfs_equal)
}

/// `kstrdup()`: NULL gives NULL.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kstrdup(s: u64, gfp: u32) -> u64 {
    kstrndup(s, u64::MAX, gfp)
}

/// `kstrdup_const()`: only the kernel's own constants are not copied; a module's are (is_kernel_rodata()).
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kstrdup_const(s: u64, gfp: u32) -> u64 {
    kstrdup(s, gfp)
}

/// `kstrndup()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kstrndup(s: u64, max: u64, gfp: u32) -> u64 {
    if s == 0 {
        return 0;
    }
    may_block(gfp, "kstrdup");
    with(|machine| {
        let text = machine.cstr(s, max)?;
        machine.duplicate(&text, true, gfp)
    })
}

/// `kmemdup()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kmemdup(src: u64, len: u64, gfp: u32) -> u64 {
    may_block(gfp, "kmemdup");
    with(|machine| {
        let addr = machine.kmalloc(len, gfp & !0x100);
        if addr > 16 {
            machine.copy(addr, src, len)?;
        }
        Ok(addr)
    })
}

/// `kmemdup_nul()`: NULL gives NULL.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kmemdup_nul(src: u64, len: u64, gfp: u32) -> u64 {
    if src == 0 {
        return 0;
    }
    may_block(gfp, "kmemdup_nul");
    with(|machine| {
        let bytes = machine.load(src, len)?;
        machine.duplicate(&bytes, true, gfp)
    })
}

/// A block of user memory copied by `kmalloc`, or an error pointer.
fn dup_user(src: u64, len: u64, terminate: bool, func: &'static str) -> u64 {
    uaccess::user_copy(func);
    with(|machine| {
        let Some(bytes) = uaccess::fetch(machine, src, len) else {
            // The block comes first, so memory runs out before the address is found bad.
            return Ok(if len > 1 << 22 { Errno::ENOMEM.to_c() as u64 } else { Errno::EFAULT.to_c() as u64 });
        };
        match machine.duplicate(&bytes, terminate, 0xcc0)? {
            0 => Ok(Errno::ENOMEM.to_c() as u64),
            addr => Ok(addr),
        }
    })
}

/// `memdup_user()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn memdup_user(src: u64, len: u64) -> u64 {
    dup_user(src, len, false, "memdup_user")
}

/// `memdup_user_nul()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn memdup_user_nul(src: u64, len: u64) -> u64 {
    dup_user(src, len, true, "memdup_user_nul")
}

/// `strndup_user()`: `n` bounds the string with its end.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn strndup_user(src: u64, max: i64) -> u64 {
    let len = uaccess::strnlen_user(src, max);
    if len == 0 {
        return Errno::EFAULT.to_c() as u64;
    }
    if len > max {
        return Errno::EINVAL.to_c() as u64;
    }
    let addr = dup_user(src, len as u64, false, "strndup_user");
    if addr < Errno(4095).to_c() as u64 {
        with(|machine| machine.store(addr + len as u64 - 1, &[0]));
    }
    addr
}

/// `argv_split()`: one block with the words, one with the array, whose first slot (before the result) keeps the block.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn argv_split(gfp: u32, s: u64, count: u64) -> u64 {
    may_block(gfp, "argv_split");
    with(|machine| {
        let text = machine.text(s)?;
        let words = machine.duplicate(&text, true, gfp)?;
        if words == 0 {
            return Ok(0);
        }
        let mut starts = Vec::new();
        let mut inside = false;
        for (index, &byte) in text.iter().enumerate() {
            if isspace(byte) {
                machine.store(words + index as u64, &[0])?;
            } else if !inside {
                starts.push(words + index as u64);
            }
            inside = !isspace(byte);
        }
        let array = machine.kmalloc((starts.len() as u64 + 2) * 8, gfp);
        if array == 0 {
            machine.release(words, "argv_split", |_| true);
            return Ok(0);
        }
        machine.poke_u64(array, words);
        for (slot, &start) in (1..).zip(&starts) {
            machine.poke_u64(array + slot * 8, start);
        }
        machine.poke_u64(array + (starts.len() as u64 + 1) * 8, 0);
        if count != 0 {
            machine.store(count, &(starts.len() as i32).to_le_bytes())?;
        }
        Ok(array + 8)
    })
}

/// `argv_free()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn argv_free(argv: u64) {
    with(|machine| {
        machine.check_access(argv.wrapping_sub(8), 8, false)?;
        let words = machine.peek_u64(argv - 8);
        machine.release(words, "argv_free", |_| true);
        machine.release(argv - 8, "argv_free", |_| true);
        Ok(())
    });
}

crate::exports![
    plain: memset, memmove, memcmp, memchr, memchr_inv, memscan, strlen, strnlen, strcpy, strncpy, strscpy, strscpy_pad,
        strlcpy, strlcat, strcat, strncat, strcmp, strncmp, strcasecmp, strncasecmp, strchr, strchrnul, strnchr, strrchr,
        strstr, strnstr, strspn, strcspn, strpbrk, strsep, skip_spaces, strim, strreplace, sysfs_streq, match_string,
        __sysfs_match_string, kstrdup, kstrdup_const, kstrndup, kmemdup, kmemdup_nul, memdup_user, memdup_user_nul,
        strndup_user, argv_split, argv_free;
    variadic: ;
    named: "memcpy" => memmove
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searching() {
        assert_eq!(find(b"haystack", b"stack"), Some(3));
        assert_eq!(find(b"haystack", b""), Some(0));
        assert_eq!(find(b"hay", b"haystack"), None);
        assert_eq!(span(b"  x ", isspace), 2);
        assert_eq!(span(b"", isspace), 0);
        assert_eq!(place(0x100, Some(3)), 0x103);
        assert_eq!(place(0x100, None), 0);
    }

    #[test]
    fn one_newline_does_not_matter_to_sysfs() {
        assert!(sysfs_equal(b"on\n", b"on"));
        assert!(sysfs_equal(b"on", b"on\n"));
        assert!(sysfs_equal(b"on\n", b"on\n"));
        assert!(!sysfs_equal(b"on\n\n", b"on"));
        assert!(!sysfs_equal(b"off", b"on"));
    }
}
