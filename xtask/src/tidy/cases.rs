//! Every diagnostic code has a ui case that shows it and one that nearly does and passes.
//!
//! That the first finds the code and the second does not is checked where the cases run (`crates/kloom/tests/ui.rs`).

use super::{Breaches, Known};
use crate::sh;

const KNOWN: &str = "xtask/src/tidy/missing-cases.txt";

pub(super) fn check() -> Result<Breaches, String> {
    let cases = kloom_diag::codes().iter().flat_map(|row| [row.fail_case, row.pass_case]);
    let missing = cases.filter(|case| !sh::root().join("tests/ui").join(case).join("case.toml").is_file());
    let missing: Vec<String> = missing.map(str::to_string).collect();
    Ok(Known::load(KNOWN)?.compare(&missing, "the registry of codes names this ui case, and it does not exist"))
}
