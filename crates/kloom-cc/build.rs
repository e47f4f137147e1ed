//! Rebuilds the crate when a header is added to or removed from `include/`.
//!
//! `include_dir!` tracks the contents of the files it saw; only Cargo can notice new ones.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../include");
}
