//! The cost of formatting one line of printk.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use kloom_lib::BadAddress;
use kloom_lib::vsprintf::{Env, SliceArgs, vsnprintf};

/// Every string is the same.
struct OneString;

impl Env for OneString {
    fn read(&self, addr: u64, _: &mut [u8]) -> Result<(), BadAddress> {
        Err(BadAddress { addr })
    }

    fn read_cstr(&self, _: u64, max: usize, out: &mut Vec<u8>) -> Result<(), BadAddress> {
        let text = b"kworker/0:1";
        out.extend_from_slice(&text[..max.min(text.len())]);
        Ok(())
    }

    fn hash_pointer(&self, addr: u64) -> u64 {
        addr & 0xFFFF_FFFF
    }
}

fn formats(c: &mut Criterion) {
    let cases: [(&str, &[u8]); 4] = [
        ("index", b"Hello, World !; index %d\n"),
        ("text", b"Hello, World\n"),
        ("string_pointer", b"%s at %p\n"),
        ("mixed", b"%s[%d]: state %#lx, %5u of %-8llu\n"),
    ];
    let args = [0x1000_0000, 4711, 0x402, 17, 123_456_789_012];
    for (name, fmt) in cases {
        let mut out = Vec::with_capacity(1024);
        c.bench_function(name, |bench| {
            bench.iter(|| {
                out.clear();
                let slots = if name == "index" { &args[1..] } else { &args[..] };
                vsnprintf(&mut out, 1024, black_box(fmt), &mut SliceArgs::new(black_box(slots)), &OneString)
            });
        });
    }
}

criterion_group!(benches, formats);
criterion_main!(benches);
