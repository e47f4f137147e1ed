//! Word expansion: tilde, parameters, command substitution, arithmetic, field splitting, globbing.

use std::future::Future;
use std::pin::Pin;

use crate::arith;
use crate::parse::{ParamOp, Part, Word};
use crate::pattern::{Pattern, is_pattern, quote_into, unquote};
use crate::shell::{Shell, Stop};
use crate::sys::FileKind;
use crate::text::ESC;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Stop>> + 'a>>;

#[derive(Clone, Copy, PartialEq)]
enum Separator {
    None,
    White,
    Other,
}

/// Builds fields; their text has quoted characters marked.
struct Fields {
    done: Vec<String>,
    current: Option<String>,
    separator: Separator,
    ifs: String,
    split: bool,
}

impl Fields {
    fn quoted(&mut self, text: &str) {
        quote_into(self.current.get_or_insert_default(), text);
        self.separator = Separator::None;
    }

    fn literal(&mut self, text: &str) {
        self.current.get_or_insert_default().push_str(text);
        self.separator = Separator::None;
    }

    fn finish(&mut self) {
        if let Some(field) = self.current.take() {
            self.done.push(field);
        }
    }

    /// The result of an unquoted expansion.
    fn expanded(&mut self, text: &str) {
        if !self.split {
            if !text.is_empty() {
                self.literal(text);
            }
            return;
        }
        for c in text.chars() {
            if !self.ifs.contains(c) {
                self.current.get_or_insert_default().push(c);
                self.separator = Separator::None;
            } else if matches!(c, ' ' | '\t' | '\n') {
                if self.current.is_some() {
                    self.finish();
                    self.separator = Separator::White;
                }
            } else if self.current.is_some() {
                self.finish();
                self.separator = Separator::Other;
            } else if self.separator == Separator::White {
                self.separator = Separator::Other;
            } else {
                self.done.push(String::new());
                self.separator = Separator::Other;
            }
        }
    }
}

/// Where the parts stand.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Unquoted,
    /// The word in an unquoted `${x-word}`: what stands there plainly is split, too.
    Operand,
    Quoted,
}

struct ShellVariables<'a>(&'a mut Shell);

impl arith::Variables for ShellVariables<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.0.var(name).map(str::to_string)
    }

    fn set(&mut self, name: &str, value: i64) -> Result<(), String> {
        self.0.set_var(name, value.to_string())
    }
}

impl Shell {
    /// The words of a command: everything, with splitting and globbing.
    pub(crate) async fn expand_words(&mut self, words: &[Word]) -> Result<Vec<String>, Stop> {
        let mut out = Vec::new();
        for word in words {
            if let [Part::Lit(text)] = &**word
                && !is_pattern(text)
            {
                out.push(text.clone());
                continue;
            }
            let mut fields = self.fields(true);
            self.expand_parts(word, Mode::Unquoted, &mut fields).await?;
            fields.finish();
            for field in fields.done {
                if !self.options.noglob && is_pattern(&field) {
                    let paths = self.glob(&field).await;
                    if !paths.is_empty() {
                        out.extend(paths);
                        continue;
                    }
                }
                out.push(unquote(&field));
            }
        }
        Ok(out)
    }

    /// One word without splitting and globbing (assignments, `case`, redirections).
    pub(crate) async fn expand_single(&mut self, word: &Word) -> Result<String, Stop> {
        Ok(unquote(&self.expand_pattern(word).await?))
    }

    /// As [`Shell::expand_single`], with quoted characters still marked, to be a pattern.
    pub(crate) async fn expand_pattern(&mut self, word: &Word) -> Result<String, Stop> {
        let mut fields = self.fields(false);
        self.expand_parts(word, Mode::Unquoted, &mut fields).await?;
        fields.finish();
        Ok(fields.done.join(" "))
    }

    /// The text of a here-document.
    pub(crate) async fn expand_here(&mut self, word: &Word) -> Result<String, Stop> {
        let mut fields = self.fields(false);
        self.expand_parts(word, Mode::Quoted, &mut fields).await?;
        fields.finish();
        Ok(unquote(&fields.done.join(" ")))
    }

    fn fields(&self, split: bool) -> Fields {
        let ifs = self.var("IFS").unwrap_or(" \t\n").to_string();
        Fields { done: Vec::new(), current: None, separator: Separator::None, ifs, split }
    }

    fn expand_parts<'a>(&'a mut self, parts: &'a [Part], mode: Mode, fields: &'a mut Fields) -> Boxed<'a, ()> {
        Box::pin(async move {
            for part in parts {
                match part {
                    Part::Lit(text) if mode == Mode::Unquoted => fields.literal(text),
                    Part::Lit(text) if mode == Mode::Operand => fields.expanded(text),
                    Part::Lit(text) | Part::Quoted(text) => fields.quoted(text),
                    Part::Double(parts) => {
                        // `"$@"` without parameters is no field at all.
                        let only_args = !parts.is_empty()
                            && parts
                                .iter()
                                .all(|p| matches!(p, Part::Param { name, op: ParamOp::None } if name == "@"));
                        if !(only_args && self.args.is_empty()) {
                            fields.quoted("");
                        }
                        self.expand_parts(parts, Mode::Quoted, fields).await?;
                    }
                    Part::Tilde(name) => match self.home(name) {
                        Some(home) => fields.quoted(&home),
                        None => fields.literal(&format!("~{name}")),
                    },
                    Part::Command(list) => {
                        let output = self.substitute(list).await?;
                        put(fields, mode, output.trim_end_matches('\n'));
                    }
                    Part::Arith(word) => {
                        let text = self.expand_here(word).await?;
                        match arith::evaluate(&text, &mut ShellVariables(self)) {
                            Ok(value) => put(fields, mode, &value.to_string()),
                            Err(message) => return Err(self.fatal(&message).await),
                        }
                    }
                    Part::Param { name, op } => self.expand_param(name, op, mode, fields).await?,
                }
            }
            Ok(())
        })
    }

    fn home(&self, name: &str) -> Option<String> {
        match name {
            "" => self.var("HOME").map(str::to_string),
            "root" => Some("/root".into()),
            _ => None,
        }
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let special = match name {
            "?" => self.status.to_string(),
            "$" => self.pid.to_string(),
            "#" => self.args.len().to_string(),
            "!" => return self.last_background.map(|pid| pid.to_string()),
            "-" => self.options.letters(),
            "0" => self.name.clone(),
            "@" | "*" => {
                let separator = match self.var("IFS") {
                    Some(ifs) => ifs.chars().next().map_or(String::new(), String::from),
                    None => " ".into(),
                };
                return (!self.args.is_empty()).then(|| self.args.join(&separator));
            }
            _ if name.starts_with(|c: char| c.is_ascii_digit()) => {
                let index: usize = name.parse().unwrap_or(usize::MAX);
                return self.args.get(index.wrapping_sub(1)).cloned();
            }
            _ => return self.var(name).map(str::to_string),
        };
        Some(special)
    }

    async fn expand_param(&mut self, name: &str, op: &ParamOp, mode: Mode, fields: &mut Fields) -> Result<(), Stop> {
        let value = self.parameter(name);
        match op {
            ParamOp::None if name == "@" || (name == "*" && mode != Mode::Quoted) => {
                self.put_args(name, mode, fields);
                return Ok(());
            }
            ParamOp::None => {
                let value = self.checked(name, value).await?;
                put(fields, mode, &value);
            }
            ParamOp::Length => {
                let value = match name {
                    "@" | "*" => self.args.len(),
                    _ => self.checked(name, value).await?.chars().count(),
                };
                put(fields, mode, &value.to_string());
            }
            ParamOp::Trim { suffix, largest, word } => {
                let value = self.checked(name, value).await?;
                let pattern = Pattern::new(&self.expand_pattern(word).await?);
                put(fields, mode, &pattern.trim(&value, *suffix, *largest));
            }
            ParamOp::Test { op, colon, word } => {
                let set = match &value {
                    Some(text) => !(*colon && text.is_empty()),
                    None => false,
                };
                match (op, set) {
                    ('+', true) | ('-', false) => {
                        let inner = if mode == Mode::Quoted { mode } else { Mode::Operand };
                        self.expand_parts(word, inner, fields).await?;
                    }
                    ('+', false) => {}
                    (_, true) if name == "@" || name == "*" => self.put_args(name, mode, fields),
                    (_, true) => put(fields, mode, &value.unwrap_or_default()),
                    ('=', false) => {
                        let text = match mode {
                            Mode::Quoted => self.expand_here(word).await?,
                            Mode::Unquoted | Mode::Operand => self.expand_single(word).await?,
                        };
                        if !crate::parse::is_name(name) {
                            return Err(self.fatal(&format!("{name}: bad variable name")).await);
                        }
                        if let Err(message) = self.set_var(name, text.clone()) {
                            return Err(self.fatal(&message).await);
                        }
                        put(fields, mode, &text);
                    }
                    (_, false) => {
                        let mut message = self.expand_here(word).await?;
                        if word.is_empty() {
                            message = if *colon { "parameter not set or null" } else { "parameter not set" }.into();
                        }
                        return Err(self.fatal(&format!("{name}: {message}")).await);
                    }
                }
            }
        }
        Ok(())
    }

    fn put_args(&self, name: &str, mode: Mode, fields: &mut Fields) {
        if mode == Mode::Quoted && name == "@" && !fields.split {
            fields.quoted(&self.args.join(" "));
            return;
        }
        if mode == Mode::Quoted && name == "*" {
            fields.quoted(&self.parameter("*").unwrap_or_default());
            return;
        }
        for (i, arg) in self.args.iter().enumerate() {
            match mode {
                Mode::Quoted => {
                    if i > 0 {
                        fields.finish();
                    }
                    fields.quoted(arg);
                }
                _ if !fields.split => {
                    if i > 0 {
                        fields.literal(" ");
                    }
                    fields.expanded(arg);
                }
                _ => {
                    if i > 0 {
                        fields.finish();
                    }
                    fields.expanded(arg);
                }
            }
        }
    }

    /// The value, or the end of the script under `set -u`.
    async fn checked(&mut self, name: &str, value: Option<String>) -> Result<String, Stop> {
        match value {
            Some(value) => Ok(value),
            None if self.options.nounset && !matches!(name, "@" | "*") => {
                Err(self.fatal(&format!("{name}: parameter not set")).await)
            }
            None => Ok(String::new()),
        }
    }

    /// Paths that match, sorted; empty if none does.
    async fn glob(&self, field: &str) -> Vec<String> {
        let absolute = field.starts_with('/');
        let mut bases = vec![if absolute { "/".to_string() } else { String::new() }];
        // A mark before a slash quotes nothing.
        let parts: Vec<&str> = field.split('/').filter(|p| !p.is_empty()).collect();
        let directory_only = field.ends_with('/');
        for (i, part) in parts.iter().enumerate() {
            let last = i + 1 == parts.len();
            let mut next = Vec::new();
            for base in &bases {
                let join = |name: &str| match base.as_str() {
                    "" => name.to_string(),
                    "/" => format!("/{name}"),
                    _ => format!("{base}/{name}"),
                };
                if !is_pattern(part) {
                    let path = join(&unquote(part));
                    if !last || self.sys.stat(&path).await.is_ok() {
                        next.push(path);
                    }
                    continue;
                }
                let pattern = Pattern::new(part);
                let dir = if base.is_empty() { "." } else { base };
                let Ok(entries) = self.sys.readdir(dir).await else {
                    continue;
                };
                let hidden = part.trim_start_matches(ESC).starts_with('.');
                for entry in entries {
                    if entry.name.starts_with('.') && !hidden || !pattern.matches(&entry.name) {
                        continue;
                    }
                    if (!last || directory_only) && !matches!(entry.kind, FileKind::Dir | FileKind::Link) {
                        continue;
                    }
                    next.push(join(&entry.name));
                }
            }
            bases = next;
        }
        if directory_only {
            for base in &mut bases {
                base.push('/');
            }
        }
        bases.sort();
        bases
    }
}

fn put(fields: &mut Fields, mode: Mode, text: &str) {
    match mode {
        Mode::Quoted => fields.quoted(text),
        Mode::Unquoted | Mode::Operand => fields.expanded(text),
    }
}
