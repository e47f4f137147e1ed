//! Relocations against the system linker: the same random image must come out byte for byte.
//!
//! `as` makes an object with random patches, `ld` links it at fixed addresses, and kloom's plan is applied at the same
//! addresses. Without binutils there is nothing to compare with, and the test says so on stderr.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use kloom_elf::{Module, Relocation, SymbolPlace, parse};
use object::{Object as _, ObjectSection as _};

const SECTIONS: [(&str, u64); 4] = [
    (".text", 0x1000_0000),
    ("constants", 0x1800_0000),
    (".data", 0x2000_0000),
    (".gnu.linkonce.this_module", 0x7000_0000),
];
const EXTERNAL: [(&str, u64); 3] = [("printk", 0x0040_0000), ("far", 0x7fff_f000), ("low", 0x10)];

/// The generator of Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators".
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

fn assembly(seed: u64) -> String {
    let mut random = SplitMix(seed);
    let mut out = String::new();
    for (index, (section, _)) in SECTIONS.iter().enumerate() {
        let flags = if index == 0 { "ax" } else { "aw" };
        writeln!(out, ".section {section},\"{flags}\",@progbits\n.balign 16").unwrap();
        for item in 0..60 {
            if random.below(4) == 0 {
                let global = if random.below(2) == 0 { ".globl" } else { ".local" };
                writeln!(out, "{global} label_{index}_{item}\nlabel_{index}_{item}:").unwrap();
            }
            if item == 0 {
                writeln!(out, "start_{index}:").unwrap();
            }
            let target = match random.below(3) {
                0 => EXTERNAL[random.below(3) as usize].0.to_owned(),
                _ => format!("start_{}", random.below(4)),
            };
            let addend = random.below(4096) as i64 - if target.starts_with("start") { 0 } else { 8 };
            let kind = ["64", "PC64", "32", "32S", "PC32", "PLT32"][random.below(6) as usize];
            let width = if kind.ends_with("64") { 8 } else { 4 };
            writeln!(out, ".reloc ., R_X86_64_{kind}, {target} + {addend}\n.zero {width}").unwrap();
            for _ in 0..random.below(5) {
                writeln!(out, ".byte {}", random.below(256)).unwrap();
            }
        }
    }
    out
}

/// Runs a tool; `None` if it is not installed.
fn run(tool: &str, args: &[String]) -> Option<()> {
    match Command::new(tool).args(args).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{tool} {args:?}: {said}");
            Some(())
        }
        Err(error) => {
            #[expect(
                clippy::print_stderr,
                reason = "whoever reads the test output must learn that nothing was compared"
            )]
            {
                eprintln!("skipped: cannot run `{tool}`: {error}");
            }
            None
        }
    }
}

/// Assembles and links; returns object and image.
fn toolchain(dir: &Path, seed: u64) -> Option<(Vec<u8>, Vec<u8>)> {
    let path = |name: &str| dir.join(format!("{seed}{name}")).to_str().unwrap().to_owned();
    let (source, object, image) = (path(".s"), path(".o"), path(".elf"));
    fs::write(&source, assembly(seed)).unwrap();
    run("as", &["--64".into(), "-o".into(), object.clone(), source])?;
    let mut args: Vec<String> =
        ["-static", "--no-relax", "-z", "noexecstack", "--no-warn-rwx-segments", "-e", "0"].map(String::from).to_vec();
    args.extend(SECTIONS.map(|(name, base)| format!("--section-start={name}={base:#x}")));
    args.extend(EXTERNAL.map(|(name, address)| format!("--defsym={name}={address:#x}")));
    args.extend(["-o".into(), image.clone(), object.clone()]);
    run("ld", &args)?;
    Some((fs::read(object).unwrap(), fs::read(image).unwrap()))
}

/// Applies the plan with each section at its address in `SECTIONS`.
fn apply(module: &Module) -> Vec<(String, Vec<u8>)> {
    let base = |name: &str| SECTIONS.iter().find(|(n, _)| *n == name).map_or(0, |(_, base)| *base);
    let mut image: Vec<_> =
        module.sections.iter().map(|section| (section.name.to_string(), section.data.to_vec())).collect();
    for relocation in &module.relocations {
        let symbol = &module.symbols[relocation.symbol.index()];
        let address = match symbol.place {
            SymbolPlace::Section(id) => base(&module.sections[id.index()].name) + symbol.value,
            SymbolPlace::Undefined => EXTERNAL.iter().find(|(name, _)| **name == *symbol.name).unwrap().1,
            place => panic!("{place:?}"),
        };
        let (name, bytes) = &mut image[relocation.section.index()];
        let offset = usize::try_from(relocation.offset).unwrap();
        let place = &mut bytes[offset..offset + relocation.kind.width()];
        let patch = Relocation::patch(relocation, place, address, base(name) + relocation.offset).unwrap();
        place.copy_from_slice(patch.bytes());
    }
    image
}

#[test]
fn random_images_equal_those_of_ld() {
    let dir = tempfile::tempdir().unwrap();
    let (mut patches, mut compared) = (0, 0);
    for seed in 0..8 {
        let Some((object, expected)) = toolchain(dir.path(), seed) else {
            return;
        };
        let module = parse(&object).unwrap();
        let expected = object::File::parse(&*expected).unwrap();
        for (name, bytes) in apply(&module) {
            if bytes.is_empty() {
                continue;
            }
            let linked = expected.section_by_name(&name).unwrap();
            assert_eq!(bytes, linked.data().unwrap(), "seed {seed} section {name}");
            compared += bytes.len();
        }
        patches += module.relocations.len();
    }
    assert_eq!(patches, 8 * 4 * 60);
    assert!(compared > patches * 4);
}
