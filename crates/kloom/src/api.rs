//! `kloom api`: what a module can import, and whether kloom has it.
//!
//! The table is `include/exports.tsv`, made from the notes in the headers; whether a row is supported is asked of the
//! shims' tables, and of a booted machine for variables. What is inline or a macro in the headers needs no support
//! beyond the header and is not listed.

use kloom_explore::Strategy;
use kloom_shim::export::Symbols;
use kloom_shim::machine::{MachineError, OnUseAfterFree};
use kloom_sim::{Limits, Options, Session};
use serde::Serialize;

/// What kloom shows otherwise than Linux did, with reasons.
const DIFFERENCES: &str = include_str!("../../../tests/linux/known-differences.toml");

/// A difference from Linux 6.1 that a test against it showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownDifference {
    /// The case below `tests/linux`.
    pub case: String,
    /// Why kloom differs.
    pub reason: String,
}

/// The known differences, each reason once per case.
pub fn differences() -> Vec<KnownDifference> {
    let known = kloom_linux::known::Known::read(DIFFERENCES, "known-differences.toml").unwrap_or_default();
    let mut all: Vec<KnownDifference> = Vec::new();
    for entry in known.entries {
        let row = KnownDifference { case: entry.case, reason: entry.reason };
        if !all.contains(&row) {
            all.push(row);
        }
    }
    all
}

const TABLE: &str = include_str!("../../../include/exports.tsv");

/// Names that kloom does not have on purpose, or that Linux does not have for modules, each with the reason; `*` at
/// the end stands for anything.
const LEFT_OUT: &str = include_str!("../../../include/left-out.tsv");

/// Why there is no `name`, if that is known.
pub fn left_out(name: &str) -> Option<&'static str> {
    let mut rows = LEFT_OUT.lines().skip(1).filter_map(|line| line.split_once('\t'));
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    };
    rows.find(|(pattern, _)| fits(pattern)).map(|(_, reason)| reason)
}

/// A function or variable that kloom's headers declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its name in C.
    pub name: &'static str,
    /// The header that declares it.
    pub header: &'static str,
    /// Its prototype, with types as the compiler sees them.
    pub prototype: &'static str,
    /// `plain`, `variadic` or `data`.
    pub kind: &'static str,
    /// Whether Linux exports it to GPL-compatible modules only.
    pub gpl: bool,
    /// `may-sleep`, `atomic-ok` or `any`.
    pub context: &'static str,
    /// The group of work that asks for it.
    pub issue: &'static str,
    /// What it does.
    pub description: &'static str,
    /// Whether kloom has it.
    pub supported: bool,
}

impl Row {
    /// Where it may be called from, in words.
    pub fn context_words(&self) -> &'static str {
        match self.context {
            "may-sleep" => "task context only: it may sleep",
            "atomic-ok" => "any context: task, softirq, hardirq",
            _ => "any context; touches only its arguments",
        }
    }
}

/// The whole table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Api {
    /// All rows, in the order of headers and names.
    pub exports: Vec<Row>,
    /// Functions that are there although no header declares them: a mistake.
    pub unlisted: Vec<&'static str>,
}

impl Api {
    /// Reads the table and asks a machine what it has.
    ///
    /// # Errors
    /// The host has no room for a machine.
    pub fn load() -> Result<Api, MachineError> {
        let options = Options {
            config: kloom_kernel::Config::default(),
            strategy: Strategy::Natural,
            limits: Limits::default(),
            on_use_after_free: OnUseAfterFree::Report,
            fail: Vec::new(),
            stop: std::sync::Arc::default(),
        };
        let mut session = Session::new(options, &[])?;
        let data = &session.machine().kdata;
        let symbols = Symbols::new();
        let has = |name: &str| symbols.function(name).is_some() || data.get(name).is_some();
        let exports: Vec<Row> = rows().map(|row| Row { supported: has(row.name), ..row }).collect();
        let unlisted =
            symbols.names().into_iter().filter(|name| !exports.iter().any(|row| row.name == *name)).collect();
        Ok(Api { exports, unlisted })
    }

    /// The row of `name`, or else the rows whose name is like it.
    pub fn find(&self, name: &str) -> Vec<&Row> {
        let exact: Vec<&Row> = self.exports.iter().filter(|row| row.name == name).collect();
        if exact.is_empty() { self.exports.iter().filter(|row| row.name.contains(name)).collect() } else { exact }
    }
}

/// The rows of the table, none of them supported yet.
fn rows() -> impl Iterator<Item = Row> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut cells = line.split('\t');
        let mut cell = || cells.next();
        Some(Row {
            name: cell()?,
            header: cell()?,
            prototype: cell()?,
            kind: cell()?,
            gpl: cell()? == "yes",
            context: cell()?,
            issue: cell()?,
            description: cell()?,
            supported: false,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_functions_and_variables() {
        let api = Api::load().unwrap();
        for name in ["kthread_create_on_node", "kthread_stop", "_printk", "msleep", "jiffies", "param_ops_int"] {
            let found = api.find(name);
            assert!(found.len() == 1 && found[0].supported, "{name}: {found:?}");
        }
        assert_eq!(api.exports.len(), TABLE.lines().count() - 1);
        assert!(api.find("no_such_function_at_all").is_empty());
        let unexplained: Vec<&str> = api
            .exports
            .iter()
            .filter(|row| !row.supported && left_out(row.name).is_none())
            .map(|row| row.name)
            .collect();
        assert!(unexplained.is_empty(), "not supported without a reason in include/left-out.tsv: {unexplained:?}");
        let explained = api.exports.iter().filter(|row| row.supported && left_out(row.name).is_some());
        assert_eq!(explained.map(|row| row.name).next(), None, "supported, and left out?");
        assert!(left_out("i2c_transfer").is_some() && left_out("kthread_run").is_none());
        assert!(api.find("kthread_sto").iter().any(|row| row.name == "kthread_stop"));
    }
}
