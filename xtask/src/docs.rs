//! Generated documents: `docs/diagnostics.md` from the registry of codes, `docs/api-coverage.md` from `kloom api`, and
//! below `target/` what packagers want: the manual page and shell completions.

use std::fmt::Write;

use serde_json::Value;

use crate::{say, sh};

const GENERATED: &str = "<!-- written by `cargo xtask gen-docs`; CI fails when it is stale -->\n\n";

/// One function or variable of the headers.
pub(crate) struct ApiRow {
    /// Name in C.
    pub name: String,
    /// Header as a module includes it.
    pub header: String,
    /// Which group of work asks for it.
    pub issue: String,
    /// What it does.
    pub description: String,
    /// Whether it is there.
    pub supported: bool,
}

/// What `kloom api` says.
pub(crate) struct Api {
    /// The table.
    pub rows: Vec<ApiRow>,
    /// Functions that are there and stand in no header.
    pub unlisted: Vec<String>,
    /// Case and reason of each known difference from Linux.
    pub differences: Vec<(String, String)>,
}

impl Api {
    /// Asks a development build of the command.
    pub(crate) fn ask() -> Result<Api, String> {
        let text = kloom(&["api", "--message-format", "json"])?;
        let value: Value = serde_json::from_str(&text).map_err(|error| format!("`kloom api`: {error}"))?;
        let text = |value: &Value| value.as_str().map(str::to_string).ok_or("`kloom api` misses a text");
        let row = |row: &Value| {
            Ok(ApiRow {
                name: text(&row["name"])?,
                header: text(&row["header"])?,
                issue: text(&row["issue"])?,
                description: text(&row["description"])?,
                supported: row["supported"].as_bool().ok_or("`kloom api` misses `supported`")?,
            })
        };
        let list = |name: &str| value[name].as_array().ok_or(format!("`kloom api` misses `{name}`"));
        let rows = list("exports")?.iter().map(row).collect::<Result<_, &str>>()?;
        let difference = |row: &Value| Ok((text(&row["case"])?, text(&row["reason"])?));
        Ok(Api {
            rows,
            unlisted: list("unlisted")?.iter().map(text).collect::<Result<_, _>>()?,
            differences: list("differences")?.iter().map(difference).collect::<Result<_, &str>>()?,
        })
    }
}

fn kloom(args: &[&str]) -> Result<String, String> {
    sh::cargo(&["run", "--quiet", "--package", "kloom", "--"]).args(args).read()
}

/// Writes everything.
///
/// # Errors
/// The command does not build, or a file cannot be written.
pub(crate) fn write() -> Result<(), String> {
    for (path, text) in committed()? {
        sh::write(path, &text)?;
    }
    let dist = sh::target().join("dist");
    std::fs::create_dir_all(&dist).map_err(|error| format!("{}: {error}", dist.display()))?;
    let shells = [("bash", "kloom.bash"), ("zsh", "_kloom"), ("fish", "kloom.fish")];
    let completions = shells.map(|(shell, file)| (file, vec!["completions", shell]));
    for (file, args) in completions.into_iter().chain([("kloom.1", vec!["man"])]) {
        let path = dist.join(file);
        std::fs::write(&path, kloom(&args)?).map_err(|error| format!("{}: {error}", path.display()))?;
        say::out(&format!("wrote {}\n", path.display()));
    }
    Ok(())
}

/// Whether the committed documents are what would be written now.
///
/// # Errors
/// They are not.
pub(crate) fn check() -> Result<(), String> {
    let stale: Vec<&str> =
        committed()?.iter().filter(|(path, text)| sh::read(path).as_ref() != Ok(text)).map(|(path, _)| *path).collect();
    if stale.is_empty() { Ok(()) } else { Err(format!("stale: {}; run `cargo xtask gen-docs`", stale.join(", "))) }
}

fn committed() -> Result<[(&'static str, String); 2], String> {
    Ok([("docs/diagnostics.md", diagnostics()), ("docs/api-coverage.md", coverage(&Api::ask()?))])
}

fn diagnostics() -> String {
    let mut out = format!(
        "# Diagnostics\n\n{GENERATED}Every finding of kloom has one of these codes. `kloom explain CODE` prints "
    );
    out += "the same text. A code is stable: it may be retired, it never gets another meaning.\n\n| code | severity | what |\n| --- | --- | --- |\n";
    for row in kloom_diag::codes() {
        let severity = format!("{:?}", row.severity).to_lowercase();
        let _ = writeln!(out, "| [`{0}`](#{0}) | {severity} | {1} |", row.name, row.summary.replace('|', "\\|"));
    }
    for row in kloom_diag::codes() {
        out.push('\n');
        let mut fenced = false;
        for line in row.text.lines() {
            fenced ^= line.starts_with("```");
            // The text's own headings go one level down, below the title of this document.
            let deeper = if line.starts_with('#') && !fenced { "#" } else { "" };
            let _ = writeln!(out, "{deeper}{line}");
        }
    }
    out
}

fn coverage(api: &Api) -> String {
    let supported = api.rows.iter().filter(|row| row.supported).count();
    let mut out = format!("# Functions and variables that modules can import\n\n{GENERATED}");
    let _ = write!(
        out,
        "{supported} of {} are supported. What is not is refused when the module is loaded (exit code 3, \"not supported by \
         kloom\"), which says nothing about the module. Lists, trees, queues, atomics, bit operations and everything else \
         that is inline or a macro in kloom's headers is not listed: it is in `include/`.\n\n\
         `kloom api NAME` prints the prototype, the context it may be called from, and what it does.\n",
        api.rows.len()
    );
    let mut header = "";
    for row in &api.rows {
        if row.header != header {
            header = &row.header;
            let of_header: Vec<&ApiRow> = api.rows.iter().filter(|row| row.header == header).collect();
            let there = of_header.iter().filter(|row| row.supported).count();
            let _ = write!(out, "\n## `{header}` ({there} of {})\n\n", of_header.len());
            out += "| name | supported | what |\n| --- | --- | --- |\n";
        }
        let word = if row.supported { "yes" } else { "no" };
        let _ = writeln!(out, "| `{}` | {word} | {} |", row.name, row.description.replace('|', "\\|"));
    }
    out += "\n## Left out\n\nNames that modules use and that kloom does not have, with the reason; `*` stands for anything.\n\n";
    out += "| name | why |\n| --- | --- |\n";
    for (name, reason) in LEFT_OUT.lines().skip(1).filter_map(|line| line.split_once('\t')) {
        let _ = writeln!(out, "| `{name}` | {reason} |");
    }
    out += "\n## Known differences from Linux 6.1\n\nWhat the cases of `tests/linux` show otherwise than a real kernel did.\n\n";
    out += "| case | why |\n| --- | --- |\n";
    for (case, reason) in &api.differences {
        let _ = writeln!(out, "| `{case}` | {} |", reason.replace('|', "\\|"));
    }
    out
}

/// What kloom does not have on purpose.
const LEFT_OUT: &str = include_str!("../../include/left-out.tsv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_heading_to_link_to() {
        let text = diagnostics();
        for row in kloom_diag::codes() {
            assert!(text.contains(&format!("\n## {}\n", row.name)), "{}", row.name);
        }
    }

    #[test]
    fn coverage_counts_by_header() {
        let row = |name: &str, supported| ApiRow {
            name: name.into(),
            header: "linux/a.h".into(),
            issue: "2".into(),
            description: "does a|b".into(),
            supported,
        };
        let text = coverage(&Api {
            rows: vec![row("f", true), row("g", false)],
            unlisted: vec![],
            differences: vec![("c".into(), "so".into())],
        });
        assert!(text.contains("## `linux/a.h` (1 of 2)\n") && text.contains("| `g` | no | does a\\|b |\n"), "{text}");
        assert!(text.ends_with("| `c` | so |\n"), "{text}");
    }
}
