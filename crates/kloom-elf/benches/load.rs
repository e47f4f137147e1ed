//! How long it takes to check a module, and to answer the first and the next question about its lines.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use kloom_elf::{SectionKind, parse, parse_shared};

#[path = "../tests/common/build.rs"]
mod build;

const FULL: &[u8] = include_bytes!("../testfiles/full-dwarf5.ko");

/// A module of about `kib` KiB in the proportions of real ones: a symbol for 128 bytes of code, a patch for 16.
fn sized(kib: usize) -> Vec<u8> {
    let code = kib * 1024 * 2 / 5 / 128 * 128;
    let mut builder = build::Builder::new();
    let text = builder.progbits(".text", build::EXEC, &vec![0; code]);
    let section = u16::try_from(text).unwrap();
    let mut patches = Vec::new();
    for function in 0..code / 128 {
        let start = function as u64 * 128;
        let local = builder.symbol(&format!("function_{function}"), 0x02, section, start, 120);
        for slot in 0..6u64 {
            patches.push((start + slot * 16, 2, local, -4));
        }
    }
    let printk = builder.symbol("_printk", 0x10, 0, 0, 0);
    patches.extend((0..code as u64 / 128).map(|function| (function * 128 + 100, 4, printk, -4)));
    builder.relocate(text, &patches);
    builder.finish()
}

fn load(c: &mut Criterion) {
    for kib in [10, 100, 1000] {
        let file: Arc<[u8]> = Arc::from(sized(kib));
        c.bench_function(&format!("parse {kib} KiB"), |b| {
            b.iter(|| parse_shared(black_box(Arc::clone(&file))).unwrap());
        });
    }
    c.bench_function("parse full-dwarf5.ko (19 KiB, mostly debug)", |b| {
        b.iter(|| parse(black_box(FULL)).unwrap());
    });
    let module = parse(FULL).unwrap();
    let text = module.section_of(SectionKind::Text).unwrap();
    c.bench_function("first frames", |b| b.iter(|| module.lines().frames(text, black_box(0x81))));
    let lines = module.lines();
    c.bench_function("next frames", |b| b.iter(|| lines.frames(text, black_box(0x81))));
    let data = module.section_of(SectionKind::Data).unwrap();
    c.bench_function("first variable", |b| b.iter(|| module.lines().variable(data, black_box(4))));
    let symbolizer = module.symbolizer();
    c.bench_function("symbol", |b| b.iter(|| symbolizer.resolve(text, black_box(0x81)).unwrap().offset));
}

criterion_group!(benches, load);
criterion_main!(benches);
