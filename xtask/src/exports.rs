//! `include/exports.tsv`: every function and variable a module can import, made from the notes in the headers.
//!
//! A prototype ends in `//@` and a note (`include/README.md`, rule 1). The compiler gives the types as it sees them
//! (`gcc -aux-info`), the note gives the rest; both are joined by file and line. Variables are not in the compiler's
//! list: theirs is the text of the declaration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::sh;

/// The table.
pub(crate) const FILE: &str = "include/exports.tsv";
const HEAD: &str = "name\theader\tprototype\tkind\tgpl\tcontext\tissue\tdescription\n";

/// The kernel version the headers are read for: 6.1.0.
const VERSION_CODE: u32 = 6 << 16 | 1 << 8;

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Name in C.
    pub name: String,
    /// Header as a module includes it.
    pub header: String,
    /// Prototype with types as the compiler sees them.
    pub prototype: String,
    /// `plain`, `variadic` or `data`.
    pub kind: String,
    /// `yes` where Linux exports it to GPL modules only.
    pub gpl: String,
    /// `may-sleep`, `atomic-ok` or `any`.
    pub context: String,
    /// Which group of work asks for it.
    pub issue: String,
    /// What it does.
    pub description: String,
}

/// The rows of the table as it is in the checkout.
///
/// # Errors
/// It cannot be read.
pub(crate) fn table() -> Result<Vec<Row>, String> {
    parse(&sh::read(FILE)?)
}

/// Reads a table.
fn parse(text: &str) -> Result<Vec<Row>, String> {
    let body = text.strip_prefix(HEAD).ok_or_else(|| format!("{FILE}:1: the head is not `{}`", HEAD.trim_end()))?;
    let row = |(index, line): (usize, &str)| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, header, prototype, kind, gpl, context, issue, description] = cells[..] else {
            return Err(format!("{FILE}:{}: {} cells, not 8", index + 2, cells.len()));
        };
        Ok(Row {
            name: name.into(),
            header: header.into(),
            prototype: prototype.into(),
            kind: kind.into(),
            gpl: gpl.into(),
            context: context.into(),
            issue: issue.into(),
            description: description.into(),
        })
    };
    body.lines().enumerate().map(row).collect()
}

/// Writes the table.
///
/// # Errors
/// The compiler does not accept the headers, or a note is wrong.
pub(crate) fn write() -> Result<(), String> {
    sh::write(FILE, &generate()?)
}

/// Whether the table is what the headers say.
///
/// # Errors
/// It is not; says how to mend it.
pub(crate) fn check() -> Result<(), String> {
    let (fresh, old) = (generate()?, sh::read(FILE)?);
    if fresh == old {
        return Ok(());
    }
    let (fresh_rows, old_rows) = (parse(&fresh)?, parse(&old)?);
    let only = |these: &[Row], those: &[Row]| {
        let rows = these.iter().filter(|row| !those.contains(row));
        rows.take(8).map(|row| format!("{} {}", row.header, row.prototype)).collect::<Vec<_>>().join("\n  ")
    };
    Err(format!(
        "{FILE} is stale: run `cargo xtask gen-exports`\nonly in the headers:\n  {}\nonly in the table:\n  {}",
        only(&fresh_rows, &old_rows),
        only(&old_rows, &fresh_rows)
    ))
}

fn generate() -> Result<String, String> {
    let include = sh::root().join("include");
    let headers = headers(&include)?;
    let seen = compiler_view(&include, &headers)?;
    let mut rows = Vec::new();
    let mut wrong = Vec::new();
    for header in &headers {
        let text =
            std::fs::read_to_string(include.join(header)).map_err(|error| format!("include/{header}: {error}"))?;
        for (index, line) in text.lines().enumerate() {
            let Some((declaration, note)) = line.split_once("//@") else { continue };
            let place = (header.clone(), index + 1);
            match row(declaration, note, &place, seen.get(&place)) {
                Ok(row) => rows.push(row),
                Err(text) => wrong.push(format!("include/{header}:{}: {text}", index + 1)),
            }
        }
    }
    wrong.extend(without_note(&seen, &rows));
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    rows.sort_by(|a, b| (&a.header, &a.name).cmp(&(&b.header, &b.name)));
    let lines = rows.iter().map(|row| {
        let cells =
            [&row.name, &row.header, &row.prototype, &row.kind, &row.gpl, &row.context, &row.issue, &row.description];
        cells.map(String::as_str).join("\t") + "\n"
    });
    Ok(HEAD.to_string() + &lines.collect::<String>())
}

/// What a module defines itself and the kernel calls.
const ENTRY_POINTS: &[&str] = &["init_module", "cleanup_module"];

/// Prototypes that no note describes, here or where they are declared a second time.
fn without_note(seen: &BTreeMap<Place, Vec<String>>, rows: &[Row]) -> Vec<String> {
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).chain(ENTRY_POINTS.iter().copied()).collect();
    let all = seen.iter().flat_map(|(place, prototypes)| prototypes.iter().map(move |prototype| (place, prototype)));
    let unnoted =
        all.filter(|(_, prototype)| !function(prototype).is_ok_and(|(name, ..)| names.contains(name.as_str())));
    unnoted
        .map(|((header, line), prototype)| format!("include/{header}:{line}: `{prototype}` has no note (`//@`)"))
        .collect()
}

/// All headers, as paths under `include/`.
fn headers(include: &Path) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    let mut folders = vec![include.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries {
            let path = entry.map_err(|error| error.to_string())?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "h") {
                let relative = path.strip_prefix(include).map_err(|error| error.to_string())?;
                out.push(relative.to_string_lossy().into_owned());
            }
        }
    }
    out.sort();
    Ok(out)
}

/// File under `include/` and line.
type Place = (String, usize);

/// Prototypes without a body, as the compiler understands them, by place.
fn compiler_view(include: &Path, headers: &[String]) -> Result<BTreeMap<Place, Vec<String>>, String> {
    let scratch = sh::target().join("exports");
    std::fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    let (unit, list) = (scratch.join("all.c"), scratch.join("all.aux"));
    let includes: String = headers.iter().map(|header| format!("#include \"{header}\"\n")).collect();
    std::fs::write(&unit, includes).map_err(|error| format!("{}: {error}", unit.display()))?;
    let own_headers = sh::program("gcc", &["-print-file-name=include"]).read()?;
    let version = format!("-DLINUX_VERSION_CODE={VERSION_CODE}");
    let flags = ["-fsyntax-only", "-nostdinc", "-D__KERNEL__", "-DMODULE", "-std=gnu11", "-O2", "-mcmodel=kernel"];
    let rest = ["-fno-pic", "-fno-PIE", "-mno-sse", "-w", &version, "-isystem", own_headers.trim()];
    let run = sh::program("gcc", &flags).args(&rest);
    let run = run.arg("-I").arg(include).arg("-I").arg(include.join("uapi")).arg("-include").arg("kloom/prelude.h");
    run.arg("-aux-info").arg(&list).arg(&unit).read()?;
    let text = std::fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    Ok(read_aux(&text, &format!("{}/", include.display())))
}

/// Reads lines like `/* include/linux/wait.h:12:NC */ extern void f (int);`. `N` stands for a prototype, `C` for a
/// declaration without a body.
fn read_aux(text: &str, prefix: &str) -> BTreeMap<Place, Vec<String>> {
    let mut out: BTreeMap<Place, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        let Some((place, declaration)) = line.strip_prefix("/* ").and_then(|line| line.split_once(" */ ")) else {
            continue;
        };
        let mut parts = place.rsplitn(3, ':');
        let (Some("NC"), Some(number), Some(file)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (Some(file), Ok(number)) = (file.strip_prefix(prefix), number.parse()) else { continue };
        let prototype = declaration.trim_start_matches("extern ").trim_end_matches(';').to_string();
        let prototypes = out.entry((file.to_string(), number)).or_default();
        if !prototypes.contains(&prototype) {
            prototypes.push(prototype);
        }
    }
    out
}

fn row(declaration: &str, note: &str, place: &Place, seen: Option<&Vec<String>>) -> Result<Row, String> {
    let (key, description) = note.split_once(' ').ok_or("a note is `//@`, issue, context, a space, what it does")?;
    let mut letters = key.chars();
    let issue = letters.next().filter(char::is_ascii_digit).ok_or("a note begins with the number of an issue")?;
    let rest = letters.as_str();
    let gpl = rest.starts_with('g');
    let context = match rest.trim_start_matches('g') {
        "s" => "may-sleep",
        "a" => "atomic-ok",
        "n" => "any",
        other => return Err(format!("`{other}` is no context: s may sleep, a from any context, n touches nothing")),
    };
    let (name, prototype, kind) = match seen.map(Vec::as_slice) {
        Some([prototype]) => function(prototype)?,
        Some(several) => return Err(format!("{} prototypes on one line", several.len())),
        None => variable(declaration)?,
    };
    Ok(Row {
        name,
        header: place.0.strip_prefix("uapi/").unwrap_or(&place.0).to_string(),
        prototype,
        kind: kind.into(),
        gpl: if gpl { "yes" } else { "no" }.into(),
        context: context.into(),
        issue: issue.into(),
        description: description.trim().into(),
    })
}

/// `struct x *f (int, ...)`: the name is what stands before the first ` (` that is no type's.
fn function(prototype: &str) -> Result<(String, String, &'static str), String> {
    let at = prototype.find(" (").filter(|&at| !prototype[at..].starts_with(" (*"));
    // A function that returns a pointer to a function is written with a typedef in the headers, so this is enough.
    let at = at.ok_or_else(|| format!("cannot find the name in `{prototype}`"))?;
    let name = prototype[..at].rsplit([' ', '*']).next().unwrap_or_default();
    let kind = if prototype.ends_with("...)") { "variadic" } else { "plain" };
    Ok((name.to_string(), format!("{}{}", &prototype[..at], &prototype[at + 1..]), kind))
}

/// `extern const int x[4];`
fn variable(declaration: &str) -> Result<(String, String, &'static str), String> {
    let text = declaration.trim().strip_prefix("extern ").and_then(|text| text.strip_suffix(';'));
    let text = text.ok_or("neither a prototype that the compiler saw (is it under `#if`?) nor `extern TYPE NAME;`")?;
    // A variable may be declared together with its enumeration; the name of the type is enough.
    let text = match (text.find(" {"), text.rfind('}')) {
        (Some(open), Some(close)) => text[..open].to_string() + &text[close + 1..],
        _ => text.to_string(),
    };
    let bare = text.split('[').next().unwrap_or_default().trim_end();
    let name = bare.rsplit([' ', '*']).next().unwrap_or_default();
    Ok((name.to_string(), text.clone(), "data"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_prototypes_and_variables() {
        let aux = "/* compiled from: . */\n/* /i/linux/a.h:3:NC */ extern struct task_struct *make (int (*) (void *), const char *, ...);\n\
                   /* /i/linux/a.h:4:NF */ static int inlined (int x); /* (x) int x; */\n";
        let seen = read_aux(aux, "/i/");
        let place = ("linux/a.h".to_string(), 3);
        assert_eq!(seen.len(), 1);
        let made = row("", "2gs makes it", &place, seen.get(&place)).unwrap();
        assert_eq!(
            (made.name.as_str(), made.prototype.as_str(), made.kind.as_str(), made.gpl.as_str(), made.context.as_str()),
            ("make", "struct task_struct *make(int (*) (void *), const char *, ...)", "variadic", "yes", "may-sleep")
        );
        let data = row("extern const char hex[]; ", "4n digits", &place, None).unwrap();
        assert_eq!(
            (data.name.as_str(), data.prototype.as_str(), data.kind.as_str()),
            ("hex", "const char hex[]", "data")
        );
    }

    #[test]
    fn refuses_wrong_notes() {
        let place = ("linux/a.h".to_string(), 1);
        for note in ["", "2x what", "s what", "2s"] {
            assert!(row("extern int x;", note, &place, None).is_err(), "{note}");
        }
        assert!(row("static inline void f(void) {}", "2s f", &place, None).is_err());
    }
}
