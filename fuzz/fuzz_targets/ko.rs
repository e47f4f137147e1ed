//! Any bytes as a module file: an answer or an error, and whatever loads keeps the invariants of a plan.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/kloom-elf/tests/common/mod.rs"]
mod common;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(module) = kloom_elf::parse(bytes) {
        common::walk(&module);
        common::look_up(&module.lines(), &module);
        assert!(!kloom_elf::dump(&module).is_empty());
    }
});
