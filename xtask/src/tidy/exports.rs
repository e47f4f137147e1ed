//! The headers' table of exports and the functions in Rust agree.
//!
//! What is in Rust and not in the table is a mistake, and so is what `kloom run` needs and Rust has not. The rest of
//! the table may be missing: `kloom api` and `docs/api-coverage.md` say so.

use super::{Breaches, Known, counted};
use crate::{docs, say};

const KNOWN: &str = "xtask/src/tidy/missing-exports.txt";
const UNDECLARED: &str = "xtask/src/tidy/undeclared-exports.txt";

/// The group of work that `kloom run` cannot do without.
const REQUIRED: &str = "2";

pub(super) fn check() -> Result<Breaches, String> {
    let api = docs::Api::ask()?;
    let required = api.rows.iter().filter(|row| row.issue == REQUIRED).count();
    let missing = api.rows.iter().filter(|row| row.issue == REQUIRED && !row.supported);
    let missing: Vec<String> = missing.map(|row| row.name.clone()).collect();
    let supported = api.rows.iter().filter(|row| row.supported).count();
    let gap = counted(missing.len(), "function", "functions");
    say::out(&format!(
        "exports: {supported} of {} are supported; {gap} of the {required} required ones missing\n",
        api.rows.len()
    ));
    let mut breaches = Known::load(KNOWN)?.compare(&missing, "is required and exported by no shim");
    let what = "is exported by a shim and declared by no header with a note";
    breaches.extend(Known::load(UNDECLARED)?.compare(&api.unlisted, what));
    Ok(breaches)
}
