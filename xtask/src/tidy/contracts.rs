//! Every function a module can call says in which context: may it sleep, is it a scheduling point.
//!
//! The note in the header is the truth (`may-sleep` or not); the rustdoc of the shim must have a section `# Context`, and
//! one that is declared to sleep must not say that it never does.

use super::Breaches;
use crate::{exports, sh};

const SHIMS: &str = "crates/kloom-shim/src/include";

pub(super) fn check(files: &[&str]) -> Result<Breaches, String> {
    let rows = exports::table()?;
    let mut breaches = Breaches::new();
    for file in files.iter().filter(|file| file.starts_with(SHIMS) && file.ends_with(".rs")) {
        let text = sh::read(file)?;
        for function in functions(&text) {
            let Some(row) = rows.iter().find(|row| row.name == function.name) else { continue };
            let place = format!("{file}:{}: `{}()`", function.line, function.name);
            match function.context() {
                None => breaches.push(format!("{place} has no section `# Context`")),
                Some(said) if row.context == "may-sleep" && said.contains("does not sleep") => {
                    breaches.push(format!("{place} is declared to sleep in {}", row.header));
                }
                Some(said) if row.context != "may-sleep" && said.contains("may sleep") => {
                    breaches.push(format!("{place} is declared not to sleep in {}", row.header));
                }
                Some(_) => {}
            }
        }
    }
    Ok(breaches)
}

/// A shim and its documentation.
#[derive(Debug, PartialEq, Eq)]
struct Function<'a> {
    name: &'a str,
    line: usize,
    docs: Vec<&'a str>,
}

impl Function<'_> {
    /// The first line of the section.
    fn context(&self) -> Option<&str> {
        let at = self.docs.iter().position(|line| *line == "# Context")?;
        self.docs.get(at + 1).copied()
    }
}

/// The functions of a file that C calls. Those that a macro makes are documented in the macro.
fn functions(text: &str) -> Vec<Function<'_>> {
    let mut found = Vec::new();
    let mut docs = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if let Some(doc) = trimmed.strip_prefix("///") {
            docs.push(doc.trim());
            continue;
        }
        if let Some((before, rest)) = trimmed.split_once("extern \"C\" fn ")
            && before.starts_with("pub")
        {
            let name = rest.split('(').next().unwrap_or_default();
            found.push(Function { name, line: index + 1, docs: std::mem::take(&mut docs) });
        } else if !trimmed.starts_with("#[") {
            docs.clear();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::functions;

    #[test]
    fn a_function_is_found_with_its_context() {
        let text = "/// Waits.\n///\n/// # Context\n/// Process context; may sleep.\npub(crate) extern \"C\" fn wait(a: u64) {}\n\nextern \"C\" fn own() {}\n/// Adds.\npub(crate) extern \"C\" fn add() {}\n";
        let found = functions(text);
        assert_eq!(
            found.iter().map(|function| (function.name, function.line)).collect::<Vec<_>>(),
            [("wait", 5), ("add", 9)]
        );
        assert_eq!(found[0].context(), Some("Process context; may sleep."));
        assert_eq!(found[1].context(), None);
    }
}
