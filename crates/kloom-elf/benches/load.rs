//! How long it takes to check a module, and to answer the first and the next question about its lines.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use kloom_elf::{SectionKind, parse, parse_shared};

#[path = "../tests/common/build.rs"]
mod build;

const FULL: &[u8] = include_bytes!("../testfiles/full-dwarf5.ko");

fn load(c: &mut Criterion) {
    for kib in [10, 100, 1000] {
        let file: Arc<[u8]> = Arc::from(build::sized(kib));
        c.bench_function(&format!("parse {kib} KiB"), |b| {
            b.iter(|| parse_shared(black_box(Arc::clone(&file))).unwrap());
        });
    }
    c.bench_function("parse full-dwarf5.ko (19 KiB, mostly debug)", |b| {
        b.iter(|| parse(black_box(FULL)).unwrap());
    });
    let module = parse(FULL).unwrap();
    let text = module.section_of(SectionKind::Text).unwrap();
    c.bench_function("first frames", |b| {
        b.iter(|| module.lines().frames(text, black_box(0x81)))
    });
    let lines = module.lines();
    c.bench_function("next frames", |b| {
        b.iter(|| lines.frames(text, black_box(0x81)))
    });
    let data = module.section_of(SectionKind::Data).unwrap();
    c.bench_function("first variable", |b| {
        b.iter(|| module.lines().variable(data, black_box(4)))
    });
    let symbolizer = module.symbolizer();
    c.bench_function("symbol", |b| {
        b.iter(|| symbolizer.resolve(text, black_box(0x81)).unwrap().offset)
    });
}

criterion_group!(benches, load);
criterion_main!(benches);
