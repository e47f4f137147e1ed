//! Every fault of a module file: one broken file each, with Linux's words, its errno and the place.

#[path = "common/build.rs"]
mod build;

use std::fs;

use build::{ALLOC, Builder, EXEC, Header, NOBITS, PROGBITS, WRITE};
use kloom_elf::{LinuxAnswer, LoadError, LoadFault, Looks, parse};

const ENOEXEC: i32 = 8;
const ENOMEM: i32 = 12;
const EINVAL: i32 = 22;
/// Offset of the header of section `n` in the file that `Builder::new` makes.
const HEADER: usize = 64;

#[track_caller]
fn refused(bytes: &[u8]) -> LoadError {
    match parse(bytes) {
        Ok(_) => panic!("the file was accepted"),
        Err(error) => error,
    }
}

/// Checks the stable code and what Linux prints (empty: nothing).
#[track_caller]
fn check(bytes: &[u8], code: &str, linux: LinuxAnswer, dmesg: &str) -> LoadError {
    let error = refused(bytes);
    let lines: Vec<String> = error.dmesg().into_iter().map(|line| line.text).collect();
    assert_eq!((error.code(), lines.join("\n").as_str()), (code, dmesg), "{error}");
    assert_eq!(error.linux(), linux, "{error}");
    assert!(error.place.offset <= bytes.len() as u64, "{error}");
    error
}

#[track_caller]
fn check_refused(bytes: &[u8], code: &str, dmesg: &str) -> LoadError {
    let error = check(bytes, code, LinuxAnswer::Refuses, dmesg);
    assert_eq!(error.errno(), ENOEXEC);
    error
}

fn good() -> Vec<u8> {
    let bytes = Builder::new().finish();
    assert!(parse(&bytes).is_ok());
    bytes
}

/// A good file with bytes written over it.
fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = good();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

/// A good file with a field of the header of section `index` written over.
fn patched_section(index: usize, field: usize, bytes: &[u8]) -> Vec<u8> {
    let file = good();
    let shoff = usize::try_from(u64::from_le_bytes(file[0x28..0x30].try_into().unwrap())).unwrap();
    patched(shoff + index * HEADER + field, bytes)
}

#[test]
fn not_elf_at_all() {
    let magic = "Invalid ELF header magic: != \u{7f}ELF";
    for (start, looks) in [
        (&b"\x1f\x8b\x08\0"[..], Looks::Gzip),
        (b"\xfd7zXZ\0\0\x04", Looks::Xz),
        (b"\x28\xb5\x2f\xfd\x04", Looks::Zstd),
        (b"!<arch>\n/ ", Looks::Archive),
        (b"BC\xc0\xde5\x14", Looks::Bitcode),
        (b"\0\0\0\0", Looks::Zeros),
        (b"\x01\x02\x03", Looks::Unknown),
    ] {
        let mut file = start.to_vec();
        file.resize(4096, 0);
        let error = check_refused(&file, "not-elf", magic);
        assert_eq!(error.fault, LoadFault::NotElf { looks });
        let error = check_refused(start, "too-short", &format!("Invalid ELF header len {}", start.len()));
        assert_eq!(error.fault, LoadFault::TooShort { len: start.len() as u64, looks });
    }
    let source = include_bytes!("../testfiles/mini.c");
    assert_eq!(check_refused(source, "not-elf", magic).fault, LoadFault::NotElf { looks: Looks::Text });
    let error = check(b"", "empty", LinuxAnswer::Refuses, "");
    assert_eq!(error.errno(), EINVAL);
}

#[test]
fn every_truncation_is_an_error() {
    for name in ["mini.ko", "full-dwarf5.ko"] {
        let path = format!("{}/testfiles/{name}", env!("CARGO_MANIFEST_DIR"));
        let file = fs::read(path).unwrap();
        for len in 0..file.len() {
            let error = refused(&file[..len]);
            assert!(error.place.offset <= len as u64, "{len}: {error}");
        }
    }
}

#[test]
fn foreign_files() {
    let error = check_refused(&patched(16, &[2, 0]), "wrong-type", "Invalid ELF header type: 2 != 1");
    assert_eq!(error.place.offset, 16);
    check_refused(&patched(16, &[3, 0]), "wrong-type", "Invalid ELF header type: 3 != 1");
    let arm = patched(18, &183u16.to_le_bytes());
    let error = check_refused(&arm, "wrong-machine", "Invalid architecture in ELF header: 183");
    assert_eq!(error.elf_name(), Some("aarch64"));
    let mut i386 = patched(18, &[3, 0]);
    i386[4] = 1;
    let error = check_refused(&i386, "wrong-machine", "Invalid architecture in ELF header: 3");
    assert_eq!(error.fault, LoadFault::WrongMachine { e_machine: 3, class32: true });
    // A big-endian file has its type the other way round, and Linux reads it so.
    let mut big = patched(16, &[0, 1, 0, 20]);
    big[5] = 2;
    let error = check_refused(&big, "wrong-type", "Invalid ELF header type: 256 != 1");
    assert_eq!(error.fault, LoadFault::WrongType { e_type: 256, big_endian: true, class32: false });
    check(&patched(4, &[1]), "wrong-ident", LinuxAnswer::Accepts, "");
    check(&patched(5, &[2]), "wrong-ident", LinuxAnswer::Accepts, "");
    // 32-bit x86-64 (x32) has shorter section headers.
    check_refused(&patched(0x3a, &[40, 0]), "section-header-size", "Invalid ELF section header size");
}

#[test]
fn section_table() {
    let overflow = "Invalid ELF section header overflow";
    for offset in [u64::MAX, 1 << 40, good().len() as u64, good().len() as u64 - 10] {
        check_refused(&patched(0x28, &offset.to_le_bytes()), "section-headers-outside", overflow);
    }
    check_refused(&patched(0x3c, &[0xff, 0xff]), "section-headers-outside", overflow);
    let index = "Invalid ELF section name index: 0 || e_shstrndx (0) >= e_shnum (0)";
    check_refused(&patched(0x3c, &[0, 0, 0, 0]), "name-table-index", index);
    let index = "Invalid ELF section name index: 9 || e_shstrndx (9) >= e_shnum (6)";
    check_refused(&patched(0x3e, &[9, 0]), "name-table-index", index);
    let huge = u64::MAX.to_le_bytes();
    check_refused(&patched_section(5, 0x18, &huge), "name-table-outside", "Invalid ELF section hdr(type 3)");
    check_refused(&patched_section(5, 0x20, &[0; 8]), "name-table-empty", "empty section name table");
    check_refused(
        &patched_section(5, 0x20, &3u64.to_le_bytes()),
        "name-table-unterminated",
        "ELF Spec violation: section name table isn't null terminated",
    );
    let zero = "ELF Spec violation: section 0 type(1)!=SH_NULL or non-zero len or addr";
    check_refused(&patched_section(0, 4, &[1]), "section-zero", zero);
    let zero = "ELF Spec violation: section 0 type(0)!=SH_NULL or non-zero len or addr";
    check_refused(&patched_section(0, 0x20, &[1]), "section-zero", zero);
    let link = "Invalid ELF sh_link!=SHN_UNDEF(0) or (sh_link(0) >= hdr->e_shnum(6)";
    check_refused(&patched_section(1, 0x28, &[0; 4]), "symtab-link", link);
    let link = "Invalid ELF sh_link!=SHN_UNDEF(-1) or (sh_link(-1) >= hdr->e_shnum(6)";
    check_refused(&patched_section(1, 0x28, &[0xff; 4]), "symtab-link", link);
    let outside = "Invalid ELF section in module (section 3 type 1)";
    let error = check_refused(&patched_section(3, 0x18, &huge), "section-outside", outside);
    assert_eq!(error.place.section, Some((3, Box::from(".gnu.linkonce.this_module"))));
    check_refused(&patched_section(3, 0x20, &huge), "section-outside", outside);
    let name = "Invalid ELF section name in module (section 3 type 1)";
    check_refused(&patched_section(3, 0, &[0xff; 4]), "section-name", name);
}

#[test]
fn not_a_module() {
    let stripped = include_bytes!("../testfiles/stripped.ko");
    check_refused(stripped, "no-symbols", "mini: module has no symbols (stripped?)");
    // An object without what modpost adds: the section is there under another name.
    let mut plain = Builder::new().finish();
    let at = plain.windows(4).rposition(|name| name == b"gnu.").unwrap();
    plain[at] = b'G';
    check_refused(&plain, "no-this-module", "built: No module found in object");
    let at = plain.windows(8).rposition(|name| name == b".modinfo").unwrap();
    plain[at] = b'_';
    let text = "(missing .modinfo section or name field): No module found in object";
    check_refused(&plain, "no-this-module", text);
    check(&patched_section(3, 0x20, &[0; 8]), "this-module-empty", LinuxAnswer::Unchecked, "");
}

#[test]
fn symbols() {
    let mut builder = Builder::new();
    builder.symbol("x", 0x10, 0x1234, 0, 0);
    let error = check(&builder.finish(), "symbol-section", LinuxAnswer::Unchecked, "");
    assert_eq!(error.fault, LoadFault::SymbolSection { symbol: 1, st_shndx: 0x1234 });
    assert_eq!(error.place.section, Some((1, Box::from(".symtab"))));
    assert_eq!(error.module.as_deref(), Some("built"));

    let mut builder = Builder::new();
    builder.symbol("x", 0x10, 3, 0, 0);
    let file = builder.finish();
    let good = parse(&file).unwrap();
    let name_at = file.windows(24).position(|entry| entry[..7] == [1, 0, 0, 0, 0x10, 0, 3]).unwrap();
    let mut bad = file.clone();
    bad[name_at..name_at + 4].copy_from_slice(&[3, 0, 0, 0]);
    let error = check(&bad, "symbol-name", LinuxAnswer::Unchecked, "");
    assert_eq!(error.place.offset, name_at as u64);
    assert_eq!(&*good.symbols[1].name, "x");

    let mut bad = file;
    let end = bad.windows(3).position(|strings| strings == [0, b'x', 0]).unwrap() + 2;
    bad[end] = b'!';
    check(&bad, "string-table-unterminated", LinuxAnswer::Unchecked, "");

    let mut builder = Builder::new();
    builder.symbol("c", 0x11, 0xfff2, 3, 4);
    check(&builder.finish(), "alignment", LinuxAnswer::Accepts, "");
    let mut builder = Builder::new();
    builder.symbol("c", 0x11, 0xfff2, 8, u64::MAX);
    check(&builder.finish(), "image-too-large", LinuxAnswer::Accepts, "");
}

#[test]
fn relocations() {
    let with = |offset, kind, symbol| {
        let mut builder = Builder::new();
        let text = builder.progbits(".text", EXEC, &[0; 16]);
        builder.symbol("f", 0x12, u16::try_from(text).unwrap(), 0, 16);
        builder.symbol("info", 0x01, 4, 0, 0);
        builder.symbol("printk", 0x10, 0, 0, 0);
        builder.relocate(text, &[(0, 2, 1, 0), (offset, kind, symbol, 0)]);
        builder.finish()
    };
    assert_eq!(parse(&with(8, 1, 1)).unwrap().relocations.len(), 2);
    assert_eq!(parse(&with(99, 0, 99)).unwrap().relocations.len(), 1, "R_X86_64_NONE does nothing");
    for offset in [9, 16, u64::MAX, u64::MAX - 7] {
        let error = check(&with(offset, 1, 1), "relocation-offset", LinuxAnswer::Unchecked, "");
        assert_eq!(error.fault, LoadFault::RelocationOffset { r_offset: offset, width: 8, sh_size: 16 });
    }
    assert!(parse(&with(12, 2, 1)).is_ok());
    check(&with(13, 2, 1), "relocation-offset", LinuxAnswer::Unchecked, "");
    let error = check(&with(0, 2, 4), "relocation-symbol", LinuxAnswer::Unchecked, "");
    assert_eq!(error.fault, LoadFault::RelocationSymbol { symbol: 4, count: 4 });
    check(&with(0, 2, u32::MAX), "relocation-symbol", LinuxAnswer::Unchecked, "");
    check(&with(0, 2, 2), "relocation-to-unloaded", LinuxAnswer::Unchecked, "");
    for (kind, name) in [(9, "R_X86_64_GOTPCREL"), (12, "R_X86_64_16"), (14, "R_X86_64_8")] {
        let text = format!("module: built: Unknown rela relocation: {kind}");
        assert_eq!(check_refused(&with(0, kind, 3), "unknown-relocation", &text).elf_name(), Some(name));
    }
    let got = include_bytes!("../testfiles/got.ko");
    let text = "module: got: Unknown rela relocation: 42";
    let error = check_refused(got, "unknown-relocation", text);
    assert_eq!(error.elf_name(), Some("R_X86_64_REX_GOTPCRELX"));

    let mut builder = Builder::new();
    let text = builder.progbits(".text", EXEC, &[0; 16]);
    let header = Header { kind: 9, link: 1, info: text, align: 8, ..Header::default() };
    builder.section(".rel.text", header, &[0; 16]);
    check_refused(&builder.finish(), "rel-unsupported", "module built: REL relocation unsupported");
    // Linux skips tables whose target is not loaded or does not exist, whatever they say.
    for target in [0, 4, 2, 77, u32::MAX] {
        let mut builder = Builder::new();
        builder.relocate(target, &[(u64::MAX, 99, 99, 0)]);
        assert!(parse(&builder.finish()).is_ok(), "target {target}");
    }
}

#[test]
fn sizes_and_alignments() {
    let with = |size, align| {
        let mut builder = Builder::new();
        let flags = ALLOC | WRITE;
        builder.section(".bss", Header { kind: NOBITS, flags, size, align, ..Header::default() }, &[]);
        builder.finish()
    };
    assert!(parse(&with(1 << 25, 0)).is_ok());
    assert!(parse(&with(1 << 25, 1 << 20)).is_ok());
    for align in [3, 1 << 21, u64::MAX, 1 << 63] {
        let error = check(&with(1, align), "alignment", LinuxAnswer::Accepts, "");
        assert_eq!(error.place.section.as_ref().map(|(_, name)| &**name), Some(".bss"));
    }
    for size in [1 << 26, u64::MAX, u64::MAX - 255, 1 << 63] {
        let error = check(&with(size, 16), "image-too-large", LinuxAnswer::Accepts, "");
        assert_eq!(error.errno(), ENOMEM);
    }
    // Many sections that are small alone.
    let mut builder = Builder::new();
    for _ in 0..70 {
        let flags = ALLOC | WRITE;
        builder.section(".bss.x", Header { kind: NOBITS, flags, size: 1 << 20, ..Header::default() }, &[]);
    }
    check(&builder.finish(), "image-too-large", LinuxAnswer::Accepts, "");
    // Padding counts, too.
    let mut builder = Builder::new();
    for _ in 0..70 {
        let header = Header { kind: PROGBITS, flags: ALLOC, align: 1 << 20, ..Header::default() };
        builder.section(".aligned", header, &[1]);
    }
    check(&builder.finish(), "image-too-large", LinuxAnswer::Accepts, "");
}

#[test]
fn too_many_symbols() {
    let mut builder = Builder::new();
    for _ in 0..kloom_elf::MAX_SYMBOLS {
        builder.symbol("", 0, 0, 0, 0);
    }
    check(&builder.finish(), "too-many-symbols", LinuxAnswer::Accepts, "");
}

#[test]
fn too_many_relocations() {
    let mut builder = Builder::new();
    let half = vec![(0, 0, 0, 0); kloom_elf::MAX_RELOCATIONS / 2 + 1];
    // Entries of no effect would be dropped, but a table this long is refused before it is read.
    let real: Vec<_> = half.iter().map(|(offset, _, symbol, addend)| (*offset, 1, *symbol, *addend)).collect();
    builder.relocate(3, &real);
    builder.relocate(3, &real);
    check(&builder.finish(), "too-many-relocations", LinuxAnswer::Accepts, "");
}
