//! Developer commands: `cargo xtask ci` is exactly what CI runs.

fn main() {}
