//! Damaged files: whatever the bytes, there is an answer or an error, never a panic.

mod common;

use kloom_elf::{DebugStatus, parse};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use proptest::test_runner::RngSeed;

const FILES: [&[u8]; 6] = [
    include_bytes!("../testfiles/mini.ko"),
    include_bytes!("../testfiles/mini-nodebug.ko"),
    include_bytes!("../testfiles/full-dwarf5.ko"),
    include_bytes!("../testfiles/full-dwarf4.ko"),
    include_bytes!("../testfiles/full-gz.ko"),
    include_bytes!("../testfiles/common.ko"),
];

fn feed(bytes: &[u8]) {
    match parse(bytes) {
        Ok(module) => {
            common::walk(&module);
            common::look_up(&module.lines(), &module);
            assert!(!kloom_elf::dump(&module).is_empty());
        }
        Err(error) => {
            assert!(error.errno() > 0);
            assert!(!error.to_string().is_empty());
            assert!(error.dmesg().len() <= 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 5000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x006b_6c6f_6f6d),
        ..ProptestConfig::default()
    })]

    #[test]
    fn flipped_and_cut_anywhere(
        file in prop::sample::select(&FILES[..]),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..24),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let mut bytes = file.to_vec();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        feed(&bytes);
    }

    /// Damage in debug sections only: the module must load, and lookups must survive.
    #[test]
    fn damaged_debug_information_never_keeps_a_module_from_loading(
        file in prop::sample::select(&FILES[2..4]),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..64),
    ) {
        let mut bytes = file.to_vec();
        let module = parse(&bytes).unwrap();
        assert_eq!(module.lines().status(), DebugStatus::Present);
        let debug = debug_bytes(&bytes);
        for (at, value) in flips {
            bytes[debug[at.index(debug.len())]] = value;
        }
        let module = parse(&bytes).unwrap();
        common::walk(&module);
        common::look_up(&module.lines(), &module);
    }

    #[test]
    fn noise_behind_a_good_header(
        noise in prop::collection::vec(any::<u8>(), 0..600),
        shoff in 0u64..700,
    ) {
        let mut bytes = FILES[1][..64].to_vec();
        bytes[0x28..0x30].copy_from_slice(&shoff.to_le_bytes());
        bytes[0x3c] = 4;
        bytes[0x3e] = 3;
        bytes.extend_from_slice(&noise);
        feed(&bytes);
    }
}

/// Offsets of all bytes of the debug sections and of the patches to them.
fn debug_bytes(file: &[u8]) -> Vec<usize> {
    use object::LittleEndian as Le;
    use object::read::elf::{FileHeader as _, SectionHeader as _};
    let header = object::elf::FileHeader64::<Le>::parse(file).unwrap();
    let sections = header.sections(Le, file).unwrap();
    let mut offsets = Vec::new();
    for (_, section) in sections.enumerate() {
        let name = sections.section_name(Le, section).unwrap();
        if name.starts_with(b".debug_") || name.starts_with(b".rela.debug_") {
            let (start, size) = section.file_range(Le).unwrap();
            offsets.extend(usize::try_from(start).unwrap()..usize::try_from(start + size).unwrap());
        }
    }
    assert!(offsets.len() > file.len() / 3);
    offsets
}

#[test]
fn each_bit_of_a_small_module_flipped() {
    let file = FILES[1];
    let (mut loaded, mut refused) = (0, 0);
    for bit in 0..file.len() * 8 {
        let mut bytes = file.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        match parse(&bytes) {
            Ok(module) => {
                common::walk(&module);
                loaded += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(loaded > 1000, "{loaded} loaded");
    assert!(refused > 1000, "{refused} refused");
}
