//! Facts about Linux's formats, and that no format does harm.
//!
//! Many of the expected texts are those of Linux's own test, lib/test_printf.c.

use std::cell::RefCell;

use proptest::prelude::*;

use super::*;

/// Where the test's memory begins.
const BASE: u64 = 0xFFFF_8880_0000_0000;

/// A little memory at [`BASE`], one symbol, and a note of every warning.
#[derive(Default)]
struct Machine {
    memory: Vec<u8>,
    kptr: Option<KptrRestrict>,
    /// Formats of `va_format`s by index; the argument of `%pV` is `BASE` plus the index.
    va: Vec<(&'static [u8], Vec<u64>)>,
    warnings: RefCell<Vec<FormatWarning>>,
}

impl Env for Machine {
    fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), BadAddress> {
        let start = addr.checked_sub(BASE).ok_or(BadAddress { addr })?;
        let start = usize::try_from(start).map_err(|_| BadAddress { addr })?;
        let end = start.checked_add(buf.len()).ok_or(BadAddress { addr })?;
        buf.copy_from_slice(self.memory.get(start..end).ok_or(BadAddress { addr })?);
        Ok(())
    }

    fn symbol(&self, addr: u64) -> Option<Symbol> {
        let offset = addr.checked_sub(0x1000_0000).filter(|&offset| offset < 0x40)?;
        Some(Symbol {
            name: "thread_fn".to_owned(),
            offset,
            size: 0x40,
            module: Some("beat".to_owned()),
            build_id: Some(vec![0xAB, 0x01]),
        })
    }

    fn hash_pointer(&self, addr: u64) -> u64 {
        addr & 0xFFFF | 0xABCD_0000
    }

    fn kptr_restrict(&self) -> KptrRestrict {
        self.kptr.unwrap_or(KptrRestrict::Hashed)
    }

    fn va_format(&self, addr: u64) -> Option<VaFormat<'_>> {
        let (fmt, slots) = self.va.get(usize::try_from(addr.checked_sub(BASE)?).ok()?)?;
        Some(VaFormat { fmt: fmt.to_vec(), args: Box::new(SliceArgs::new(slots)) })
    }

    fn object_name(&self, kind: ObjectName, addr: u64) -> Option<Vec<u8>> {
        (addr == BASE).then(|| match kind {
            ObjectName::Dentry { components: 1 } => b"beat".to_vec(),
            ObjectName::Dentry { .. } => b"proc/beat".to_vec(),
            ObjectName::File { .. } => b"null".to_vec(),
            ObjectName::BlockDevice => b"sda1".to_vec(),
            ObjectName::Clock => b"apb".to_vec(),
        })
    }

    fn warn(&self, warning: FormatWarning) {
        self.warnings.borrow_mut().push(warning);
    }
}

impl Machine {
    fn with(memory: &[u8]) -> Self {
        Machine { memory: memory.to_vec(), ..Machine::default() }
    }

    fn format(&self, fmt: &str, slots: &[u64]) -> String {
        let mut out = Vec::new();
        let len = vsnprintf(&mut out, 1 << 20, fmt.as_bytes(), &mut SliceArgs::new(slots), self);
        assert_eq!(len, out.len(), "{fmt}");
        out.iter().map(|&byte| char::from(byte)).collect()
    }

    #[track_caller]
    fn check(&self, fmt: &str, slots: &[u64], expect: &str) {
        assert_eq!(self.format(fmt, slots), expect, "{fmt:?} {slots:x?}");
    }
}

#[track_caller]
fn check(fmt: &str, slots: &[u64], expect: &str) {
    Machine::default().check(fmt, slots, expect);
}

/// Checks a `%p` extension on the bytes it points to.
#[track_caller]
fn check_at(fmt: &str, memory: &[u8], expect: &str) {
    Machine::with(memory).check(fmt, &[BASE], expect);
}

fn err_ptr(err: i64) -> u64 {
    (-err).cast_unsigned()
}

#[test]
fn text_and_percent() {
    check("", &[], "");
    check("plain", &[], "plain");
    check("100%%", &[], "100%");
    check("%5%|", &[], "%|");
    check("a\0b", &[], "a");
    check("%d%%|%c", &[5, 65], "5%|A");
}

#[test]
fn integers_take_the_width_of_their_type() {
    let minus_one = u64::MAX;
    check("%d %i %u", &[minus_one; 3], "-1 -1 4294967295");
    check("%hhd %hhu %hd %hu", &[minus_one; 4], "-1 255 -1 65535");
    check(
        "%ld %lu %lld %Lu %zd %zu %td",
        &[minus_one; 7],
        "-1 18446744073709551615 -1 18446744073709551615 -1 18446744073709551615 -1",
    );
    check("%x %X %o", &[0xBEEF, 0xBEEF, 8], "beef BEEF 10");
    check("%hhd", &[0x1_7F], "127");
    check("%lld %llx", &[i64::MIN.cast_unsigned(), u64::MAX], "-9223372036854775808 ffffffffffffffff");
    check("%lo", &[u64::MAX], "1777777777777777777777");
    check("%d", &[0xFFFF_FFFF_0000_0007], "7");
}

#[test]
fn flags_width_and_precision_as_linux_has_them() {
    check("%5d|%-5d|%05d|%+d|% d", &[42; 5], "   42|42   |00042|+42| 42");
    check("%.5d|%8.5d|%-8.5d|", &[42; 3], "00042|   00042|00042   |");
    check("%#x|%#X|%#o|%#08x", &[255; 4], "0xff|0XFF|0377|0x0000ff");
    // Each of these differs from user space.
    check("%08.5d", &[42], "00000042");
    check("%.0d|%.d", &[0, 0], "0|0");
    check("%#x|%#o", &[0, 0], "0x0|0");
    check("%#.5o", &[8], "000010");
    check("%.*d", &[(-3i64).cast_unsigned(), 7], "7");
    check("%*d|%-*d|%*d|", &[5, 7, 5, 7, (-5i64).cast_unsigned(), 7], "    7|7    |7    |");
    check("%c|%3c|%-3c|", &[65; 3], "A|  A|A  |");
    check("%03c|", &[65], "  A|");
    // From lib/test_printf.c.
    check("%0*d|%*0d", &[4, 7, 4, 7], "0007|");
    check("%3$d", &[], "");
}

#[test]
fn strings() {
    let machine = Machine::with(b"hello\0\xe9t\0");
    machine.check("%s|%8s|%-8s|%.2s|%8.2s|", &[BASE; 5], "hello|   hello|hello   |he|      he|");
    machine.check("%.0s|%.s|", &[BASE; 2], "|hello|");
    machine.check("%s", &[BASE + 6], "\u{e9}t");
    machine.check("%s|%10s|%.2s", &[0; 3], "(null)|    (null)|(n");
    machine.check("%s|%s|%s", &[1, 4095, err_ptr(12)], "(efault)|(efault)|(efault)");
    assert!(machine.warnings.borrow().is_empty());
    // A precision allows a string without end; without it the end of memory is met.
    let machine = Machine::with(b"hello");
    machine.check("%.5s|%s", &[BASE; 2], "hello|(efault)");
    machine.check("%s", &[0xDEAD_BEEF], "(efault)");
    let bad = |addr| FormatWarning::BadPointer { conversion: b's', addr };
    assert_eq!(*machine.warnings.borrow(), [bad(BASE + 5), bad(0xDEAD_BEEF)]);
}

#[test]
fn what_linux_does_not_know_ends_the_text() {
    for (fmt, letter, expect) in [
        ("a%nb", b'n', "a"),
        ("%d %n %d", b'n', "1 "),
        ("%qd", b'q', ""),
        ("%Zd", b'Z', ""),
        ("%f", b'f', ""),
        ("x%", 0, "x"),
        ("%5", 0, ""),
        ("%LLd", b'L', ""),
        ("%zzd", b'z', ""),
    ] {
        let machine = Machine::default();
        machine.check(fmt, &[1, 2, 3], expect);
        assert_eq!(*machine.warnings.borrow(), [FormatWarning::UnsupportedConversion(letter)], "{fmt}");
    }
    let text = FormatWarning::UnsupportedConversion(b'n').to_string();
    assert_eq!(text, "Please remove unsupported %n in format string");
    // A format that ends at a star ends without a word.
    for fmt in ["%*", "%.*"] {
        let machine = Machine::default();
        machine.check(fmt, &[1], "");
        assert!(machine.warnings.borrow().is_empty());
    }
}

#[test]
fn truncation_counts_on() {
    let machine = Machine::default();
    for size in 0..20 {
        let mut out = b"kept".to_vec();
        let mut args = SliceArgs::new(&[1234, 5]);
        let len = vsnprintf(&mut out, size, b"ab%6dcd%c", &mut args, &machine);
        assert_eq!(len, 11);
        assert_eq!(out, [b"kept", &b"ab  1234cd\x05"[..size.saturating_sub(1).min(11)]].concat());
        let mut again = Vec::new();
        let written = vscnprintf(&mut again, size, b"ab%6dcd%c", &mut SliceArgs::new(&[1234, 5]), &machine);
        assert_eq!(written, again.len());
    }
    let mut out = Vec::new();
    assert_eq!(vsnprintf(&mut out, 1 << 31, b"text", &mut SliceArgs::new(&[]), &machine), 0);
    assert_eq!(*machine.warnings.borrow(), [FormatWarning::SizeTooLarge(1 << 31)]);
}

#[test]
fn huge_fields_are_clamped_and_cost_nothing() {
    let machine = Machine::default();
    let mut out = Vec::new();
    let int_max = i32::MAX as u64;
    let len = vsnprintf(&mut out, 100, b"%*d%.*d", &mut SliceArgs::new(&[int_max, 1, int_max, 1]), &machine);
    assert_eq!((len, out.len()), ((1 << 23) - 1 + (1 << 15) - 1, 99));
    assert_eq!(
        *machine.warnings.borrow(),
        [FormatWarning::WidthTooLarge(i32::MAX), FormatWarning::PrecisionTooLarge(i32::MAX)]
    );
    // A literal width keeps its low 24 bits, a literal precision its low 16.
    machine.check("%8388608d|%16777221d|%.65537d|%.32768d", &[7; 4], "7|    7|7|7");
    let slots = [i64::from(i32::MIN).cast_unsigned(), 7];
    let len = vsnprintf(&mut out, 0, b"%*d|", &mut SliceArgs::new(&slots), &machine);
    assert_eq!(len, 1 << 23);
}

#[test]
fn plain_pointers_are_hashed() {
    check("%p|%20p|%-20p|", &[0x1234_5678_9ABC; 3], "00000000abcd9abc|            abcd9abc|abcd9abc            |");
    check("%p|%p", &[0, err_ptr(12)], "0000000000000000|fffffffffffffff4");
    check("%px|%#px|%5px", &[0x1234, 0x1234, 0x12], "0000000000001234|0x00000000001234|   12");
    // %pf and %pF name functions no more: their letter is part of the suffix.
    check("%pF|%pq!", &[0x1111, 0x1111], "00000000abcd1111|00000000abcd1111!");
    check("%pf|%pA|%pO|%pOF", &[BASE; 4], "(%pf?)|(%pA?)|(%pO?)|(%pOF?)");
}

#[test]
fn restricted_pointers() {
    let cases = [
        (KptrRestrict::Hashed, "00000000abcd1234"),
        (KptrRestrict::Shown, "0000000000001234"),
        (KptrRestrict::Zeroed, "0000000000000000"),
        (KptrRestrict::InInterrupt, "        pK-error"),
    ];
    for (kptr, expect) in cases {
        let machine = Machine { kptr: Some(kptr), ..Machine::default() };
        machine.check("%pK", &[0x1234], expect);
    }
}

#[test]
fn error_pointers_have_names() {
    check("%pe|%pe|%pe", &[err_ptr(12), err_ptr(512), err_ptr(1234)], "-ENOMEM|-ERESTARTSYS|-1234");
    check("%10pe|%-10pe|", &[err_ptr(5); 2], "      -EIO|-EIO      |");
    check("%pe|%pe", &[0, 0x1234], "0000000000000000|00000000abcd1234");
    check("%pe", &[err_ptr(4096)], "00000000abcdf000");
}

#[test]
fn symbols() {
    let addr = 0x1000_0010;
    check("%pS|%ps|%pSR", &[addr; 3], "thread_fn+0x10/0x40 [beat]|thread_fn [beat]|thread_fn+0x10/0x40 [beat]");
    check(
        "%pSb|%pSRb|%pBb",
        &[addr; 3],
        "thread_fn+0x10/0x40 [beat ab01]|thread_fn+0x10/0x40 [beat ab01]|thread_fn+0x10/0x40 [beat ab01]",
    );
    check("%pS|%pB", &[0x1000_0040; 2], "0x10000040|thread_fn+0x40/0x40 [beat]");
    check("%pS", &[0x1000_0000], "thread_fn+0x0/0x40 [beat]");
    check("%25ps|%pS", &[addr, 0], "         thread_fn [beat]|0x0");
}

#[test]
fn resources() {
    let resource = |start: u64, end: u64, flags: u64| -> Vec<u8> {
        [start, end, 0, flags, 0, 0, 0, 0].iter().flat_map(|field| field.to_le_bytes()).collect()
    };
    let cases = [
        (0, 0x1F, 0x200, "[mem 0x00000000-0x0000001f]", "[mem 0x00000000-0x0000001f flags 0x200]"),
        (
            0x60000000,
            0x6FFFFFFF,
            0x2200 | 0x10_0000,
            "[mem 0x60000000-0x6fffffff 64bit pref]",
            "[mem 0x60000000-0x6fffffff flags 0x102200]",
        ),
        (0x3F8, 0x3FF, 0x100, "[io  0x03f8-0x03ff]", "[io  0x03f8-0x03ff flags 0x100]"),
        (5, 5, 0x400, "[irq 5]", "[irq 5 flags 0x400]"),
        (3, 4, 0x800 | 0x1000_0000, "[dma 3-4 disabled]", "[dma 3-4 flags 0x10000800]"),
        (0, 255, 0x1000, "[bus 00-ff]", "[bus 00-ff flags 0x1000]"),
        (
            0,
            0xFFF,
            0x200 | 0x2000_0000 | 0x20_0000,
            "[mem size 0x00001000 window]",
            "[mem 0x00000000-0x00000fff flags 0x20200200]",
        ),
        (1, 2, 0, "[??? 0x00000001-0x00000002 flags 0x0]", "[??? 0x00000001-0x00000002 flags 0x0]"),
    ];
    for (start, end, flags, decoded, raw) in cases {
        check_at("%pR", &resource(start, end, flags), decoded);
        check_at("%pr", &resource(start, end, flags), raw);
    }
    check_at("%10pR", &[0; 8], "  (efault)");
    check("%pR", &[0], "(null)");
}

#[test]
fn buffers() {
    let memory = [0xC0, 0xFF, 0xEE, 0x00];
    check_at("%3ph", &memory, "c0 ff ee");
    check_at("%*ph", &memory, "");
    Machine::with(&memory).check("%*phC|%*phD|%*phN", &[3, BASE, 3, BASE, 3, BASE], "c0:ff:ee|c0-ff-ee|c0ffee");
    check_at("%ph|", &memory, "c0|");
    Machine::with(&memory).check("%*ph|", &[0, BASE], "|");
    check_at("%5ph|", &memory, "(efault)|");
    assert_eq!(Machine::with(&[0; 100]).format("%100phN", &[BASE]).len(), 128);
    check_at("%6pE", b"a\n\0\x01\"\\", "a\\n\\0\\001\"\\");
    check_at("%4pEhp", b"a\n\xe9b", "a\\x0a\u{e9}b");
    check_at("%pE|", b"\t", "\\t|");
    check_at("%2pEs|", b"\0\t", "\0\\t|");
    assert_eq!(Machine::with(&[1; 10_000]).format("%10000pE", &[BASE]).len(), 40_000);
}

#[test]
fn bitmaps() {
    let mut bits = [0u8; 128];
    for bit in [1usize, 2, 4, 5, 6, 64, 127, 200] {
        bits[bit / 8] |= 1 << (bit % 8);
    }
    let machine = Machine::with(&bits);
    machine.check("%*pb|%*pbl", &[7, BASE, 7, BASE], "76|1-2,4-6");
    machine.check("%*pb", &[128, BASE], "80000000,00000001,00000000,00000076");
    machine.check("%*pb", &[129, BASE], "0,80000000,00000001,00000000,00000076");
    machine.check("%*pbl", &[1024, BASE], "1-2,4-6,64,127,200");
    machine.check("%*pbl", &[128, BASE], "1-2,4-6,64,127");
    machine.check("%*pb|%*pbl|%pb|%pbl|", &[0, BASE, 0, BASE, BASE, BASE], "||||");
    // The number of bits pads the error, as any width does.
    machine.check("%*pb|%*pbl", &[2000, BASE, 8, 0], &format!("{:>2000}|  (null)", "(efault)"));
    Machine::with(&[0xFF; 1 << 20]).check("%*pbl", &[(1 << 23) - 1, BASE], "0-8388606");
    assert_eq!(Machine::with(&[0x55; 1 << 13]).format("%*pbl", &[1 << 16, BASE]).split(',').count(), 1 << 15);
}

#[test]
fn network_addresses() {
    let mac = [0x00, 0x11, 0x22, 0xAA, 0xBB, 0xCC];
    check_at("%pM", &mac, "00:11:22:aa:bb:cc");
    check_at("%pMR", &mac, "cc:bb:aa:22:11:00");
    check_at("%pMF", &mac, "00-11-22-aa-bb-cc");
    check_at("%pm", &mac, "001122aabbcc");
    check_at("%pmR", &mac, "ccbbaa221100");
    let ip = [127, 0, 0, 1];
    check_at("%pI4", &ip, "127.0.0.1");
    check_at("%pi4", &ip, "127.000.000.001");
    check_at("%pI4n", &ip, "127.0.0.1");
    check_at("%pI4b", &ip, "127.0.0.1");
    check_at("%pI4h", &ip, "1.0.0.127");
    check_at("%pI4l", &ip, "1.0.0.127");
    check_at("%12pI4|", &ip, "   127.0.0.1|");
    check_at("%pI5|", &ip, "(%pI?)|");
    check_at("%pi|", &ip, "(%pi?)|");
}

#[test]
fn ip6_addresses() {
    let cases: [([u16; 8], &str); 10] = [
        ([0; 8], "::"),
        ([0, 0, 0, 0, 0, 0, 0, 1], "::1"),
        ([1, 2, 3, 4, 5, 6, 7, 8], "1:2:3:4:5:6:7:8"),
        ([0x2001, 0xDB8, 0, 0, 1, 0, 0, 1], "2001:db8::1:0:0:1"),
        ([0x2001, 0xDB8, 0, 1, 1, 1, 1, 1], "2001:db8:0:1:1:1:1:1"),
        ([0x2001, 0, 0, 1, 0, 0, 0, 1], "2001:0:0:1::1"),
        ([0xFE80, 0, 0, 0, 0, 0, 0, 0], "fe80::"),
        ([0, 0, 0, 0, 0, 0xFFFF, 0x0102, 0x0304], "::ffff:1.2.3.4"),
        ([0xFE80, 0, 0, 0, 0, 0x5EFE, 0xC0A8, 1], "fe80::5efe:192.168.0.1"),
        ([0x10, 0x200, 0, 0, 0x200, 0x5EFE, 0xC0A8, 1], "10:200::200:5efe:192.168.0.1"),
    ];
    for (words, compressed) in cases {
        let memory: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        check_at("%pI6c", &memory, compressed);
    }
    let memory: Vec<u8> = (0..16).collect();
    check_at("%pI6", &memory, "0001:0203:0405:0607:0809:0a0b:0c0d:0e0f");
    check_at("%pi6", &memory, "000102030405060708090a0b0c0d0e0f");
    check_at("%pi6c", &memory, "000102030405060708090a0b0c0d0e0f");
}

#[test]
fn socket_addresses() {
    let v4 = [2, 0, 0x30, 0x39, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    check_at("%pIS", &v4, "127.0.0.1");
    check_at("%piS", &v4, "127.000.000.001");
    check_at("%pISp", &v4, "127.0.0.1:12345");
    check_at("%piSp", &v4, "127.000.000.001:12345");
    check_at("%pISph", &v4, "1.0.0.127:12345");
    let mut v6 = [0u8; 28];
    v6[0] = 10;
    v6[2..4].copy_from_slice(&12345u16.to_be_bytes());
    v6[4..8].copy_from_slice(&0xF000_0007u32.to_be_bytes());
    v6[8..24].copy_from_slice(&[0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
    v6[24..28].copy_from_slice(&42u32.to_le_bytes());
    check_at("%pIS", &v6, "2001:0000:0000:0000:0000:0000:0000:0009");
    check_at("%pISc", &v6, "2001::9");
    check_at("%pISpfsc", &v6, "[2001::9]:12345/7%42");
    check_at("%pISpc|", &v6, "[2001::9]:12345|");
    check_at("%pIS", &[7; 28], "(einval)");
    check_at("%pIS", &[2, 0], "(efault)");
}

#[test]
fn identifiers_and_codes() {
    let uuid: Vec<u8> = (0..16).map(|i| i * 0x11).collect();
    check_at("%pUb", &uuid, "00112233-4455-6677-8899-aabbccddeeff");
    check_at("%pU", &uuid, "00112233-4455-6677-8899-aabbccddeeff");
    check_at("%pUB", &uuid, "00112233-4455-6677-8899-AABBCCDDEEFF");
    check_at("%pUl", &uuid, "33221100-5544-7766-8899-aabbccddeeff");
    check_at("%pUL", &uuid, "33221100-5544-7766-8899-AABBCCDDEEFF");
    check_at("%p4cc", &0x3231_564Eu32.to_le_bytes(), "NV12 little-endian (0x3231564e)");
    check_at("%p4cc", &0xB231_564Eu32.to_le_bytes(), "NV12 big-endian (0xb231564e)");
    check_at("%p4cc", &0x1011_1213u32.to_le_bytes(), ".... little-endian (0x10111213)");
    check_at("%p4", &[0; 4], "(%p4?)");
    check_at("%pa|", &0x1234u64.to_le_bytes(), "0x0000000000001234|");
    check_at("%pap|", &0x1234u64.to_le_bytes(), "0x0000000000001234|");
    check_at("%pad|", &0x1234u64.to_le_bytes(), "0x0000000000001234|");
    check_at("%pNF|", &0x1234u64.to_le_bytes(), "0x0000000000001234|");
    check_at("%pNx|", &[], "(%pN?)|");
}

#[test]
fn flags_by_name() {
    let gfp = |flags: u32| flags.to_le_bytes();
    check_at("%pGg", &gfp(0xCC0), "GFP_KERNEL");
    check_at("%pGg", &gfp(0xA20), "GFP_ATOMIC");
    check_at("%pGg", &gfp(0xCC0 | 0x100), "GFP_KERNEL|__GFP_ZERO");
    check_at("%pGg", &gfp(0x20), "__GFP_HIGH");
    check_at("%pGg", &gfp(0x1C_24CA), "GFP_TRANSHUGE");
    check_at("%pGg", &gfp(0x20 | 0x8000_0000), "__GFP_HIGH|0x80000000");
    check_at("%pGg|", &gfp(0), "|");
    check_at("%pGv", &7u64.to_le_bytes(), "read|write|exec");
    check_at("%pGp", &0x11u64.to_le_bytes(), "0x11");
    check_at("%pGx", &[], "(%pG?)");
}

#[test]
fn dates_and_times() {
    let rtc: Vec<u8> = [56, 45, 15, 26, 9, 119, 6, 0, 0].iter().flat_map(|f: &i32| f.to_le_bytes()).collect();
    check_at("%ptR", &rtc, "2019-10-26T15:45:56");
    check_at("%ptRd", &rtc, "2019-10-26");
    check_at("%ptRt", &rtc, "15:45:56");
    check_at("%ptRr", &rtc, "0119-09-26T15:45:56");
    check_at("%ptRs", &rtc, "2019-10-26 15:45:56");
    check_at("%ptRrs", &rtc, "0119-09-26 15:45:56");
    check_at("%ptRdr", &rtc, "0119-09-26");
    let seconds = 1_546_615_943i64.to_le_bytes();
    check_at("%ptT", &seconds, "2019-01-04T15:32:23");
    check_at("%ptTt", &seconds, "15:32:23");
    check_at("%ptTs", &seconds, "2019-01-04 15:32:23");
    check_at("%pt", &[0], "(%pt?)");
    check("%ptT", &[0], "(null)");
}

#[test]
fn named_objects() {
    check("%pd|%pd2|%pD|%pg|%pC", &[BASE; 5], "beat|proc/beat|null|sda1|apb");
    check("%10pd|%.2pd|%pd", &[BASE, BASE, BASE + 1], "      beat|be|(efault)");
    check("%pd|%pus|%pk", &[0, 0, BASE], "(null)|(null)|(einval)");
}

#[test]
fn formats_inside_formats() {
    let machine = Machine { va: vec![(b"%d-%pV", vec![7, BASE + 1]), (b"<%s>", vec![0])], ..Machine::default() };
    machine.check("a %pV b %d", &[BASE, 3], "a 7-<(null)> b 3");
    machine.check("%pV|%pV", &[0, BASE + 9], "(null)|(efault)");

    let endless = Machine { va: vec![(b"x%pV%pV", vec![BASE, BASE])], ..Machine::default() };
    let text = endless.format("%pV", &[BASE]);
    assert_eq!(text.matches('x').count(), VA_FORMAT_COUNT_MAX as usize);
    assert!(endless.warnings.borrow().contains(&FormatWarning::VaFormatLoop));
}

#[test]
fn numbers_as_text() {
    assert_eq!(num_to_str(0, 4, 0), Some(b"0".to_vec()));
    assert_eq!(num_to_str(42, 4, 4), Some(b"  42".to_vec()));
    assert_eq!(num_to_str(u64::MAX, 20, 0), Some(b"18446744073709551615".to_vec()));
    assert_eq!(num_to_str(12345, 4, 0), None);
    assert_eq!(num_to_str(1, 4, 5), None);
}

/// Formats with a small buffer and answers its text and the full length.
fn survive(fmt: &[u8], slots: &[u64]) -> (Vec<u8>, usize) {
    let machine = Machine {
        memory: vec![0x5A; 256],
        va: vec![(b"%pV %s %*d", vec![BASE, BASE, 1 << 40, 3])],
        ..Machine::default()
    };
    let mut out = Vec::new();
    let len = vsnprintf(&mut out, 512, fmt, &mut SliceArgs::new(slots), &machine);
    assert_eq!(out.len(), len.min(511));
    // The same text whatever the limit.
    let mut short = Vec::new();
    assert_eq!(vsnprintf(&mut short, 16, fmt, &mut SliceArgs::new(slots), &machine), len);
    assert_eq!(short, out[..len.min(15)]);
    (out, len)
}

/// Slots that are often good pointers.
fn slots() -> impl Strategy<Value = Vec<u64>> {
    let slot = prop_oneof![any::<u64>(), (0..300u64).prop_map(|offset| BASE + offset), 0..70_000u64, Just(0)];
    prop::collection::vec(slot, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn any_bytes_are_survived(fmt in any::<Vec<u8>>(), slots in slots()) {
        survive(&fmt, &slots);
    }

    #[test]
    fn any_conversions_are_survived(
        fmt in "(%[-+ #0]{0,2}([0-9]{1,10}|\\*)?(\\.([0-9]{0,10}|\\*))?(hh|h|l|ll|L|z|t)?[csdiuxXop%]|%[0-9*]{0,3}p[A-Za-z0-9]{1,4}|x){0,12}",
        slots in slots(),
    ) {
        survive(fmt.as_bytes(), &slots);
    }

    #[test]
    fn decimal_agrees_with_rust(value in any::<i64>()) {
        let shown = Machine::default().format("%ld %lu %lx %lo", &[value.cast_unsigned(); 4]);
        prop_assert_eq!(shown, format!("{value} {0} {0:x} {0:o}", value.cast_unsigned()));
    }
}
