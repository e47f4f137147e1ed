//! Scenario text to syntax tree.
//!
//! brush-parser knows the grammar of commands; what it gives is lowered to the tree below, which has only what kloom's shell
//! can do, so everything else is refused here, with its place, and not in the middle of a run. Words (quoting, expansions) are
//! taken apart by this module, because POSIX's rules for quotes inside `${…}` need one recursive reader. Nothing here panics
//! on any input and nesting is bounded ([`MAX_DEPTH`]).

use std::rc::Rc;

use brush_parser::{ParseError, ParserOptions, SourceSpan, Token, ast, ast::SourceLocation as _};

use crate::text;

/// Deepest nesting of commands and expansions.
pub const MAX_DEPTH: usize = 40;

/// Why a scenario is no valid script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, lowercase, no full stop.
    pub message: String,
    /// The source line.
    pub snippet: String,
    /// More input could make it valid (an open quote, an `if` without `fi`): an interactive shell reads on.
    pub incomplete: bool,
}

impl std::fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for ScenarioError {}

/// A parsed scenario.
#[derive(Clone, Debug)]
pub struct Script {
    pub(crate) list: List,
}

impl Script {
    /// How many top-level commands it has.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether it has no command at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Line and source text of each top-level command.
    pub fn commands(&self) -> impl Iterator<Item = (usize, &str)> {
        self.list.iter().map(|item| (item.line, &*item.text))
    }
}

pub(crate) type List = Rc<[Item]>;

/// An and-or list with what follows it.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) and_or: Rc<AndOr>,
    pub(crate) background: bool,
    pub(crate) line: usize,
    /// Where it starts in its source, in characters.
    start: usize,
    pub(crate) text: Rc<str>,
}

#[derive(Debug)]
pub(crate) struct AndOr {
    pub(crate) first: Pipeline,
    /// `true` is `&&`.
    pub(crate) rest: Vec<(bool, Pipeline)>,
}

#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) bang: bool,
    pub(crate) timed: bool,
    pub(crate) commands: Vec<Rc<Command>>,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) kind: Kind,
    pub(crate) redirects: Vec<Redirect>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Simple {
        assigns: Vec<(String, Word)>,
        words: Vec<Word>,
    },
    Brace(List),
    Subshell(List),
    For {
        name: String,
        words: Option<Vec<Word>>,
        body: List,
    },
    Case {
        word: Word,
        arms: Vec<(Vec<Word>, List)>,
    },
    /// Conditions with bodies, then `else`.
    If {
        arms: Vec<(List, List)>,
        otherwise: Option<List>,
    },
    /// `until` inverts the condition.
    While {
        condition: List,
        body: List,
        until: bool,
    },
    Function {
        name: String,
        body: Rc<Command>,
    },
}

#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) fd: i32,
    pub(crate) op: RedirectOp,
}

#[derive(Debug)]
pub(crate) enum RedirectOp {
    Read(Word),
    Write(Word),
    Append(Word),
    ReadWrite(Word),
    /// `n>&m`, `n<&m`, `n>&-`.
    Dup(Word),
    /// `&>` and `&>>` (true): both stdout and stderr.
    Both(Word, bool),
    Here(Word),
}

pub(crate) type Word = Rc<[Part]>;

#[derive(Debug)]
pub(crate) enum Part {
    /// Unquoted text: may glob, is not split.
    Lit(String),
    /// Quoted text.
    Quoted(String),
    /// Between double quotes.
    Double(Word),
    /// `~` or `~name` at the start.
    Tilde(String),
    Param {
        name: String,
        op: ParamOp,
    },
    Command(List),
    Arith(Word),
}

#[derive(Debug)]
pub(crate) enum ParamOp {
    None,
    Length,
    /// `-` `=` `?` `+`; `colon` makes a null value count as unset.
    Test {
        op: char,
        colon: bool,
        word: Word,
    },
    /// `#` or `%`; `largest` is the doubled form.
    Trim {
        suffix: bool,
        largest: bool,
        word: Word,
    },
}

/// Parses a whole scenario.
pub fn parse(source: &[u8]) -> Result<Script, ScenarioError> {
    let source = text::decode(source);
    Ok(Script { list: parse_str(&source)? })
}

/// As [`parse`], of decoded text.
pub(crate) fn parse_str(source: &str) -> Result<List, ScenarioError> {
    let mut lines = source.lines();
    Lower { depth: 0, source: Rc::from([]) }.list_of(source, 1).map_err(|mut e| {
        e.snippet = lines.nth(e.line.saturating_sub(1)).unwrap_or_default().trim_end().to_string();
        e
    })
}

struct Lower {
    depth: usize,
    /// The text that is being lowered, in characters.
    source: Rc<[char]>,
}

/// A word as it stands in the source: brush's own text of it has runs of blanks inside `${…}` shortened.
fn exact(source: &[char], word: &ast::Word) -> String {
    let squeeze = |text: &str| -> String { text.replace("\\\n", "").chars().filter(|c| !c.is_whitespace()).collect() };
    if let Some(span) = &word.loc
        && let Some(chars) = source.get(span.start.index..span.end.index)
    {
        let text: String = chars.iter().collect();
        if squeeze(&text) == squeeze(&word.value) {
            return text.trim_matches('\n').to_string();
        }
    }
    word.value.clone()
}

fn error(line: usize, column: usize, message: impl Into<String>) -> ScenarioError {
    ScenarioError { line, column, message: message.into(), snippet: String::new(), incomplete: false }
}

fn at(span: Option<&SourceSpan>, base: usize, message: impl Into<String>) -> ScenarioError {
    match span {
        Some(span) => error(base + span.start.line - 1, span.start.column, message),
        None => error(base, 1, message),
    }
}

fn unsupported<T>(span: Option<&SourceSpan>, base: usize, what: &str) -> Result<T, ScenarioError> {
    Err(at(span, base, format!("{what} is not supported by kloom's shell (a POSIX sh)")))
}

/// A command's text without what follows it: blanks, separators, lines of comment.
fn command_text(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let mut shorter = text.trim_end_matches(|c: char| c.is_whitespace());
        // `;;` and `&` inside a command are never at its very end.
        shorter = shorter.strip_suffix(';').or_else(|| shorter.strip_suffix('&')).unwrap_or(shorter);
        if let Some((before, last)) = shorter.rsplit_once('\n')
            && last.trim_start().starts_with('#')
        {
            shorter = before;
        }
        if shorter.len() == text.len() {
            return text;
        }
        text = shorter;
    }
}

/// An upper bound on how deep brush's recursive readers would go.
fn check_nesting(source: &str, base: usize) -> Result<(), ScenarioError> {
    let (mut depth, mut line, mut column, mut backquotes) = (0usize, base, 0, 0usize);
    let mut word = String::new();
    for c in source.chars() {
        column += 1;
        if c.is_ascii_lowercase() {
            word.push(c);
        } else {
            match word.as_str() {
                "if" | "while" | "until" | "for" | "case" | "select" => depth += 1,
                "fi" | "done" | "esac" => depth = depth.saturating_sub(1),
                _ => {}
            }
            word.clear();
        }
        match c {
            '\n' => (line, column) = (line + 1, 0),
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            '`' => backquotes += 1,
            _ => {}
        }
        if depth > 2 * MAX_DEPTH || backquotes > 2000 {
            return Err(error(line, column, "nesting is too deep for kloom's shell"));
        }
    }
    Ok(())
}

impl Lower {
    /// Commands in `source`, whose first line is line `base` of the scenario.
    fn list_of(&mut self, source: &str, base: usize) -> Result<List, ScenarioError> {
        if self.depth >= MAX_DEPTH {
            return Err(error(base, 1, "nesting is too deep for kloom's shell"));
        }
        check_nesting(source, base)?;
        // The grammar wants a line to be ended.
        let options = ParserOptions { enable_extended_globbing: false, ..ParserOptions::default() };
        let mut tokens = brush_parser::uncached_tokenize_str(source, &options.tokenizer_options()).map_err(|e| {
            let incomplete = e.is_incomplete();
            let lines = source.lines().count().max(1);
            ScenarioError { incomplete, ..error(base + lines - 1, 1, e.to_string()) }
        })?;
        for pair in tokens.windows(2) {
            if let [Token::Word(number, span), Token::Operator(op, redirection)] = pair
                && span.end.index == redirection.start.index
                && number.len() > 9
                && op.starts_with(['<', '>'])
                && number.bytes().all(|b| b.is_ascii_digit())
            {
                return Err(at(Some(span), base, "the number of a file descriptor is too large"));
            }
        }
        // brush takes `( (` for `((`, the start of an arithmetic command; a line break between them changes nothing else.
        let open = |token: &Token| matches!(token, Token::Operator(op, _) if op == "(");
        let mut i = 1;
        while i < tokens.len() {
            let (before, after) = (tokens[i - 1].location(), tokens[i].location());
            if open(&tokens[i - 1]) && open(&tokens[i]) && before.end.index != after.start.index {
                let line_break = Token::Operator("\n".into(), before.clone());
                tokens.insert(i, line_break);
            }
            i += 1;
        }
        let cut_case = |token: &Token| token.to_str().contains("$(case") || token.to_str().contains("$( case");
        let program = brush_parser::parse_tokens(&tokens, &options).map_err(|e| match e {
            ParseError::ParsingNear(p) if tokens.iter().any(cut_case) => {
                // brush ends the substitution at the first pattern's parenthesis.
                let hint = "syntax error (in `$(…)` the patterns of `case` need both parentheses: `(pattern)`)";
                error(base + p.line - 1, p.column, hint)
            }
            ParseError::ParsingNear(p) => error(base + p.line - 1, p.column, "syntax error"),
            ParseError::Tokenizing { inner, position } => {
                error(base, position.map_or(1, |p| p.column), inner.to_string())
            }
            ParseError::ParsingAtEndOfInput => {
                let last = source.lines().last().unwrap_or_default();
                let lines = source.lines().count().max(1);
                let column = last.chars().count() + 1;
                // A word out of place at the very end (`done`) looks the same, but no further line could help it.
                let before = tokens.split_last().map_or(&[][..], |(_, before)| before);
                let closes =
                    |t: &Token| matches!(t.to_str(), "done" | "fi" | "esac" | "then" | "else" | "elif" | "do" | "}");
                let misplaced =
                    tokens.last().is_some_and(closes) && brush_parser::parse_tokens(before, &options).is_ok();
                let message = if misplaced { "syntax error" } else { "syntax error: unexpected end of the script" };
                ScenarioError { incomplete: !misplaced, ..error(base + lines - 1, column, message) }
            }
        })?;
        self.depth += 1;
        let mut items = Vec::new();
        let outer = std::mem::replace(&mut self.source, source.chars().collect());
        let result = program.complete_commands.iter().try_for_each(|list| self.items(list, base, &mut items));
        self.source = outer;
        result?;
        self.depth -= 1;
        // brush's spans of compound commands end too early: a command reaches up to the next one.
        let chars: Vec<char> = source.chars().collect();
        for i in 0..items.len() {
            let end = items.get(i + 1).map_or(chars.len(), |next| next.start);
            let text: String = chars[items[i].start.min(end)..end].iter().collect();
            items[i].text = command_text(&text).into();
        }
        Ok(items.into())
    }

    fn items(&mut self, list: &ast::CompoundList, base: usize, items: &mut Vec<Item>) -> Result<(), ScenarioError> {
        for ast::CompoundListItem(and_or, separator) in &list.0 {
            let span = and_or.location();
            let text: String = match &span {
                // Offsets count characters, and the start of a command is never after its end.
                Some(s) => self.source.get(s.start.index..s.end.index).unwrap_or_default().iter().collect(),
                None => and_or.to_string(),
            };
            let mut rest = Vec::new();
            let first = self.pipeline(&and_or.first, base)?;
            for next in &and_or.additional {
                match next {
                    ast::AndOr::And(p) => rest.push((true, self.pipeline(p, base)?)),
                    ast::AndOr::Or(p) => rest.push((false, self.pipeline(p, base)?)),
                }
            }
            items.push(Item {
                and_or: Rc::new(AndOr { first, rest }),
                background: matches!(separator, ast::SeparatorOperator::Async),
                start: span.as_ref().map_or(0, |s| s.start.index),
                line: base + span.as_ref().map_or(0, |s| s.start.line - 1),
                text: text.trim().into(),
            });
        }
        Ok(())
    }

    fn list(&mut self, list: &ast::CompoundList, base: usize) -> Result<List, ScenarioError> {
        if self.depth >= MAX_DEPTH {
            return Err(at(list.location().as_ref(), base, "nesting is too deep for kloom's shell"));
        }
        self.depth += 1;
        let mut items = Vec::new();
        self.items(list, base, &mut items)?;
        self.depth -= 1;
        Ok(items.into())
    }

    fn pipeline(&mut self, pipeline: &ast::Pipeline, base: usize) -> Result<Pipeline, ScenarioError> {
        let mut commands = Vec::new();
        for command in &pipeline.seq {
            commands.push(Rc::new(self.command(command, base)?));
        }
        Ok(Pipeline { bang: pipeline.bang, timed: pipeline.timed.is_some(), commands })
    }

    fn command(&mut self, command: &ast::Command, base: usize) -> Result<Command, ScenarioError> {
        match command {
            ast::Command::Simple(simple) => self.simple(simple, base),
            ast::Command::Compound(compound, redirects) => self.compound(compound, redirects.as_ref(), base),
            ast::Command::Function(function) => {
                let name = function.fname.value.clone();
                if !is_name(&name) {
                    return Err(at(function.fname.loc.as_ref(), base, format!("`{name}` is no valid function name")));
                }
                let body = Rc::new(self.compound(&function.body.0, function.body.1.as_ref(), base)?);
                Ok(Command { kind: Kind::Function { name, body }, redirects: Vec::new() })
            }
            ast::Command::ExtendedTest(test, _) => unsupported(Some(&test.loc), base, "`[[ … ]]`"),
        }
    }

    fn compound(
        &mut self,
        compound: &ast::CompoundCommand,
        redirects: Option<&ast::RedirectList>,
        base: usize,
    ) -> Result<Command, ScenarioError> {
        use ast::CompoundCommand as C;
        let span = compound.location();
        let kind = match compound {
            C::BraceGroup(group) => Kind::Brace(self.list(&group.list, base)?),
            C::Subshell(subshell) => Kind::Subshell(self.list(&subshell.list, base)?),
            C::ForClause(f) => Kind::For {
                name: f.variable_name.clone(),
                words: match (&f.values, self.has_in(f)) {
                    (Some(words), _) => Some(self.words(words, base)?),
                    (None, true) => Some(Vec::new()),
                    (None, false) => None,
                },
                body: self.list(&f.body.list, base)?,
            },
            C::CaseClause(case) => {
                let mut arms = Vec::new();
                for item in &case.cases {
                    if !matches!(item.post_action, ast::CaseItemPostAction::ExitCase) {
                        return unsupported(item.loc.as_ref().or(span.as_ref()), base, "`;&` in `case`");
                    }
                    let body = match &item.cmd {
                        Some(list) => self.list(list, base)?,
                        None => Rc::from([]),
                    };
                    arms.push((self.words(&item.patterns, base)?, body));
                }
                Kind::Case { word: self.word(&case.value, base)?, arms }
            }
            C::IfClause(clause) => {
                let mut arms = vec![(self.list(&clause.condition, base)?, self.list(&clause.then, base)?)];
                let mut otherwise = None;
                for part in clause.elses.iter().flatten() {
                    let body = self.list(&part.body, base)?;
                    match &part.condition {
                        Some(condition) => arms.push((self.list(condition, base)?, body)),
                        None => otherwise = Some(body),
                    }
                }
                Kind::If { arms, otherwise }
            }
            C::WhileClause(w) | C::UntilClause(w) => Kind::While {
                condition: self.list(&w.0, base)?,
                body: self.list(&w.1.list, base)?,
                until: matches!(compound, C::UntilClause(_)),
            },
            C::Arithmetic(_) => return unsupported(span.as_ref(), base, "`(( … ))`"),
            C::ArithmeticForClause(_) => return unsupported(span.as_ref(), base, "`for (( … ))`"),
            C::Coprocess(_) => return unsupported(span.as_ref(), base, "`coproc`"),
        };
        let mut list = Vec::new();
        for redirect in redirects.iter().flat_map(|r| &r.0) {
            self.redirect(redirect, base, span.as_ref(), &mut list)?;
        }
        Ok(Command { kind, redirects: list })
    }

    /// `for x in; do` (no turn) and `for x do` (the positional parameters) look the same in brush's tree.
    fn has_in(&self, clause: &ast::ForClauseCommand) -> bool {
        let after = self.source.get(clause.loc.start.index..);
        let head: String = after.unwrap_or_default().iter().take(4096).collect();
        let rest = head.strip_prefix("for").unwrap_or(&head).trim_start();
        let rest = rest.strip_prefix(clause.variable_name.as_str()).unwrap_or(rest).trim_start();
        rest.strip_prefix("in").is_some_and(|after| after.starts_with([' ', '\t', '\n', ';']))
    }

    fn simple(&mut self, simple: &ast::SimpleCommand, base: usize) -> Result<Command, ScenarioError> {
        use ast::CommandPrefixOrSuffixItem as I;
        let (mut assigns, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        let span = simple.location();
        for item in simple.prefix.iter().flat_map(|p| &p.0) {
            match item {
                I::AssignmentWord(assignment, word) => {
                    if assignment.append {
                        return unsupported(Some(&assignment.loc), base, "`+=`");
                    }
                    match (&assignment.name, &assignment.value) {
                        (ast::AssignmentName::VariableName(name), ast::AssignmentValue::Scalar(_)) => {
                            let text = exact(&self.source, word);
                            let value = text.split_once('=').map_or("", |(_, v)| v);
                            let (line, column) = place(word.loc.as_ref(), base);
                            let parts = self.word_parts(value, line, column + name.chars().count() + 1, true)?;
                            assigns.push((name.clone(), parts));
                        }
                        _ => return unsupported(Some(&assignment.loc), base, "an array"),
                    }
                }
                I::IoRedirect(redirect) => self.redirect(redirect, base, span.as_ref(), &mut redirects)?,
                I::Word(word) => words.push(self.word(word, base)?),
                I::ProcessSubstitution(..) => {
                    return unsupported(span.as_ref(), base, "process substitution");
                }
            }
        }
        let mut declares = false;
        if let Some(word) = &simple.word_or_name {
            if matches!(word.value.as_str(), "select" | "function" | "coproc" | "[[") {
                return unsupported(word.loc.as_ref(), base, &format!("`{}`", word.value));
            }
            declares = matches!(word.value.as_str(), "export" | "readonly" | "local");
            words.push(self.word(word, base)?);
        }
        for item in simple.suffix.iter().flat_map(|p| &p.0) {
            match item {
                I::AssignmentWord(assignment, word) => {
                    if matches!(assignment.value, ast::AssignmentValue::Array(_)) {
                        return unsupported(Some(&assignment.loc), base, "an array");
                    }
                    let (line, column) = place(word.loc.as_ref(), base);
                    let text = exact(&self.source, word);
                    words.push(self.word_parts(&text, line, column, declares)?);
                }
                I::IoRedirect(redirect) => self.redirect(redirect, base, span.as_ref(), &mut redirects)?,
                I::Word(word) => words.push(self.word(word, base)?),
                I::ProcessSubstitution(..) => {
                    return unsupported(span.as_ref(), base, "process substitution");
                }
            }
        }
        Ok(Command { kind: Kind::Simple { assigns, words }, redirects })
    }

    fn redirect(
        &mut self,
        redirect: &ast::IoRedirect,
        base: usize,
        span: Option<&SourceSpan>,
        list: &mut Vec<Redirect>,
    ) -> Result<(), ScenarioError> {
        use ast::IoFileRedirectKind as K;
        let (fd, op) = match redirect {
            ast::IoRedirect::File(fd, kind, target) => {
                let word = match target {
                    ast::IoFileRedirectTarget::Filename(word) | ast::IoFileRedirectTarget::Duplicate(word) => {
                        self.word(word, base)?
                    }
                    ast::IoFileRedirectTarget::Fd(n) => Rc::from([Part::Lit(n.to_string())]),
                    ast::IoFileRedirectTarget::ProcessSubstitution(..) => {
                        return unsupported(span, base, "process substitution");
                    }
                };
                let input = matches!(kind, K::Read | K::ReadAndWrite | K::DuplicateInput);
                let op = match kind {
                    K::Read => RedirectOp::Read(word),
                    K::Write | K::Clobber => RedirectOp::Write(word),
                    K::Append => RedirectOp::Append(word),
                    K::ReadAndWrite => RedirectOp::ReadWrite(word),
                    K::DuplicateInput | K::DuplicateOutput => RedirectOp::Dup(word),
                };
                (fd.unwrap_or(if input { 0 } else { 1 }), op)
            }
            ast::IoRedirect::HereDocument(fd, here) => {
                let (line, _) = place(here.doc.loc.as_ref(), base);
                let doc = if here.requires_expansion {
                    let mut reader = Reader::new(&here.doc.value, line, 1, self);
                    reader.double(None)?
                } else {
                    Rc::from([Part::Quoted(here.doc.value.clone())])
                };
                (fd.unwrap_or(0), RedirectOp::Here(doc))
            }
            ast::IoRedirect::HereString(..) => {
                return unsupported(span, base, "a here-string `<<<`");
            }
            ast::IoRedirect::OutputAndError(word, append) => (1, RedirectOp::Both(self.word(word, base)?, *append)),
        };
        list.push(Redirect { fd, op });
        Ok(())
    }

    fn words(&mut self, words: &[ast::Word], base: usize) -> Result<Vec<Word>, ScenarioError> {
        words.iter().map(|w| self.word(w, base)).collect()
    }

    fn word(&mut self, word: &ast::Word, base: usize) -> Result<Word, ScenarioError> {
        let (line, column) = place(word.loc.as_ref(), base);
        let text = exact(&self.source, word);
        self.word_parts(&text, line, column, false)
    }

    fn word_parts(&mut self, value: &str, line: usize, column: usize, assignment: bool) -> Result<Word, ScenarioError> {
        let mut reader = Reader::new(value, line, column, self);
        reader.assignment = assignment;
        reader.unquoted(None)
    }
}

fn place(span: Option<&SourceSpan>, base: usize) -> (usize, usize) {
    span.map_or((base, 1), |s| (base + s.start.line - 1, s.start.column))
}

/// Whether `name` can name a variable or function.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Reads one word.
struct Reader<'a> {
    chars: Vec<char>,
    pos: usize,
    line: usize,
    column: usize,
    lower: &'a mut Lower,
    /// A value of an assignment: tilde counts after `:`, too.
    assignment: bool,
}

fn flush(parts: &mut Vec<Part>, text: &mut String, make: fn(String) -> Part) {
    if !text.is_empty() {
        parts.push(make(std::mem::take(text)));
    }
}

impl<'a> Reader<'a> {
    fn new(value: &str, line: usize, column: usize, lower: &'a mut Lower) -> Self {
        Reader { chars: value.chars().collect(), pos: 0, line, column, lower, assignment: false }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.pos).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.pos += 1;
        c
    }

    /// Line and column of position `pos`.
    fn place(&self, pos: usize) -> (usize, usize) {
        let before = &self.chars[..pos.min(self.chars.len())];
        match before.iter().rposition(|&c| c == '\n') {
            None => (self.line, self.column + before.len()),
            Some(nl) => (self.line + before.iter().filter(|&&c| c == '\n').count(), before.len() - nl),
        }
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, ScenarioError> {
        let (line, column) = self.place(self.pos.saturating_sub(1));
        Err(error(line, column, message))
    }

    fn enter(&mut self) -> Result<(), ScenarioError> {
        self.lower.depth += 1;
        if self.lower.depth > MAX_DEPTH { self.fail("nesting is too deep for kloom's shell") } else { Ok(()) }
    }

    /// Text outside quotes, up to the unquoted `end` (which is eaten) or the end of the word.
    fn unquoted(&mut self, end: Option<char>) -> Result<Word, ScenarioError> {
        self.enter()?;
        let (mut parts, mut text) = (Vec::new(), String::new());
        let mut tilde_ok = true;
        loop {
            let Some(c) = self.next() else {
                if end.is_some() {
                    return self.fail("missing `}`");
                }
                break;
            };
            let at_start = std::mem::replace(&mut tilde_ok, false);
            match c {
                _ if Some(c) == end => break,
                '\\' => match self.next() {
                    Some('\n') => {}
                    Some(c) => {
                        flush(&mut parts, &mut text, Part::Lit);
                        parts.push(Part::Quoted(c.into()));
                    }
                    None => text.push('\\'),
                },
                '\'' => {
                    flush(&mut parts, &mut text, Part::Lit);
                    let mut quoted = String::new();
                    loop {
                        match self.next() {
                            Some('\'') => break,
                            Some(c) => quoted.push(c),
                            None => return self.fail("unterminated single quote"),
                        }
                    }
                    parts.push(Part::Quoted(quoted));
                }
                '"' => {
                    flush(&mut parts, &mut text, Part::Lit);
                    parts.push(Part::Double(self.double(Some('"'))?));
                }
                '$' if self.peek() == Some('\'') => {
                    return self.fail("`$'…'` is not supported by kloom's shell (a POSIX sh)");
                }
                '$' => self.dollar(&mut parts, &mut text, Part::Lit, false)?,
                '`' => {
                    flush(&mut parts, &mut text, Part::Lit);
                    parts.push(self.backquote(false)?);
                }
                '~' if at_start => {
                    flush(&mut parts, &mut text, Part::Lit);
                    let start = self.pos;
                    while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || "_-.+".contains(c)) {
                        self.pos += 1;
                    }
                    let name: String = self.chars[start..self.pos].iter().collect();
                    match self.peek() {
                        None | Some('/') => parts.push(Part::Tilde(name)),
                        Some(':') if self.assignment => parts.push(Part::Tilde(name)),
                        _ => {
                            text.push('~');
                            text.push_str(&name);
                        }
                    }
                }
                ':' if self.assignment => {
                    text.push(c);
                    tilde_ok = true;
                }
                '=' if self.assignment => {
                    text.push(c);
                    tilde_ok = true;
                }
                c => text.push(c),
            }
        }
        flush(&mut parts, &mut text, Part::Lit);
        self.lower.depth -= 1;
        Ok(parts.into())
    }

    /// Text inside double quotes (`end` is the quote), or of a here-document (`end` is `None`), or of `${…}` in one of them.
    fn double(&mut self, end: Option<char>) -> Result<Word, ScenarioError> {
        self.enter()?;
        let (mut parts, mut text) = (Vec::new(), String::new());
        loop {
            let Some(c) = self.next() else {
                match end {
                    Some('"') => return self.fail("unterminated double quote"),
                    Some(_) => return self.fail("missing `}`"),
                    None => break,
                }
            };
            match c {
                _ if Some(c) == end => break,
                '\\' => match self.next() {
                    Some('\n') => {}
                    Some(c @ ('$' | '`' | '\\')) => text.push(c),
                    Some('"') if end.is_some() => text.push('"'),
                    Some('}') if end == Some('}') => text.push('}'),
                    Some(c) => {
                        text.push('\\');
                        text.push(c);
                    }
                    None => text.push('\\'),
                },
                '"' if end == Some('}') => {
                    // Quotes inside `"${x-"…"}"` toggle; what is between stays one quoted text here.
                    flush(&mut parts, &mut text, Part::Quoted);
                    parts.push(Part::Double(self.double(Some('"'))?));
                }
                '$' => self.dollar(&mut parts, &mut text, Part::Quoted, true)?,
                '`' => {
                    flush(&mut parts, &mut text, Part::Quoted);
                    parts.push(self.backquote(true)?);
                }
                c => text.push(c),
            }
        }
        flush(&mut parts, &mut text, Part::Quoted);
        self.lower.depth -= 1;
        Ok(parts.into())
    }

    /// What stands after `$`.
    fn dollar(
        &mut self,
        parts: &mut Vec<Part>,
        text: &mut String,
        make: fn(String) -> Part,
        quoted: bool,
    ) -> Result<(), ScenarioError> {
        let part = match self.peek() {
            Some('(') => {
                if self.chars.get(self.pos + 1) == Some(&'(')
                    && let Some(end) = self.arith_end()
                {
                    let inner: String = self.chars[self.pos + 2..end].iter().collect();
                    let (line, column) = self.place(self.pos + 2);
                    self.pos = end + 2;
                    let mut reader = Reader::new(&inner, line, column, self.lower);
                    Part::Arith(reader.double(None)?)
                } else {
                    self.pos += 1;
                    self.substitution()?
                }
            }
            Some('{') => {
                self.pos += 1;
                self.braced(quoted)?
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = String::new();
                while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                    self.pos += 1;
                }
                Part::Param { name, op: ParamOp::None }
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                self.pos += 1;
                Part::Param { name: c.into(), op: ParamOp::None }
            }
            _ => {
                text.push('$');
                return Ok(());
            }
        };
        flush(parts, text, make);
        parts.push(part);
        Ok(())
    }

    /// At `((`: where the `))` is that ends an arithmetic expansion, if it is one.
    fn arith_end(&self) -> Option<usize> {
        let mut depth = 0usize;
        let mut i = self.pos;
        while i < self.chars.len() {
            match self.chars[i] {
                '(' => depth += 1,
                ')' => {
                    depth -= 1;
                    if depth == 1 {
                        if self.chars.get(i + 1) == Some(&')') {
                            return Some(i);
                        }
                        return None;
                    }
                }
                _ => {}
            }
            i += 1;
        }
        None
    }

    /// After `$(`: the first `)` up to which the text is a complete script ends the substitution.
    fn substitution(&mut self) -> Result<Part, ScenarioError> {
        let (line, _) = self.place(self.pos);
        let start = self.pos;
        let (mut i, mut depth, mut tries) = (start, 0usize, 0);
        let mut first_error = None;
        while i < self.chars.len() {
            match self.chars[i] {
                '\\' => i += 1,
                '\'' => {
                    i += 1;
                    while i < self.chars.len() && self.chars[i] != '\'' {
                        i += 1;
                    }
                }
                '"' => i = self.skip_double(i + 1),
                '#' if i == start || self.chars[i - 1].is_whitespace() || self.chars[i - 1] == ';' => {
                    while i < self.chars.len() && self.chars[i] != '\n' {
                        i += 1;
                    }
                }
                '(' => depth += 1,
                ')' if depth > 0 => depth -= 1,
                ')' => {
                    let inner: String = self.chars[start..i].iter().collect();
                    let outer = self.lower.depth;
                    let result = self.lower.list_of(&inner, line);
                    self.lower.depth = outer;
                    match result {
                        Ok(list) => {
                            self.pos = i + 1;
                            return Ok(Part::Command(list));
                        }
                        Err(e) => {
                            first_error.get_or_insert(e);
                        }
                    }
                    tries += 1;
                    if tries > 16 {
                        break;
                    }
                }
                _ => {}
            }
            i += 1;
        }
        match first_error {
            Some(e) => Err(e),
            None => self.fail("unterminated command substitution"),
        }
    }

    /// The position of the `"` that ends a double-quoted text starting at `i`.
    fn skip_double(&self, mut i: usize) -> usize {
        let mut depth = 0usize;
        while i < self.chars.len() {
            match self.chars[i] {
                '\\' => i += 1,
                '"' if depth == 0 => return i,
                '$' if self.chars.get(i + 1) == Some(&'(') => {
                    depth += 1;
                    i += 1;
                }
                '(' if depth > 0 => depth += 1,
                ')' if depth > 0 => depth -= 1,
                _ => {}
            }
            i += 1;
        }
        i
    }

    fn backquote(&mut self, quoted: bool) -> Result<Part, ScenarioError> {
        let (line, _) = self.place(self.pos);
        let mut inner = String::new();
        loop {
            match self.next() {
                Some('`') => break,
                Some('\\') => match self.next() {
                    Some(c @ ('$' | '`' | '\\')) => inner.push(c),
                    Some('"') if quoted => inner.push('"'),
                    Some(c) => {
                        inner.push('\\');
                        inner.push(c);
                    }
                    None => inner.push('\\'),
                },
                Some(c) => inner.push(c),
                None => return self.fail("unterminated backquote"),
            }
        }
        Ok(Part::Command(self.lower.list_of(&inner, line)?))
    }

    /// After `${`.
    fn braced(&mut self, quoted: bool) -> Result<Part, ScenarioError> {
        let mut name = String::new();
        let mut op = ParamOp::None;
        if self.peek() == Some('#') && self.chars.get(self.pos + 1).is_some_and(|&c| c != '}') {
            // `${#x}`; `${#-…}` and the like are too strange to be meant.
            self.pos += 1;
            op = ParamOp::Length;
        }
        match self.next() {
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                name.push(c);
                while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                    self.pos += 1;
                }
            }
            Some(c) if c.is_ascii_digit() => {
                name.push(c);
                while let Some(c) = self.peek().filter(char::is_ascii_digit) {
                    name.push(c);
                    self.pos += 1;
                }
            }
            Some(c) if "@*#?-$!".contains(c) => name.push(c),
            _ => return self.fail("bad substitution"),
        }
        if name == "!" && self.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
            return self.fail("`${!…}` is not supported by kloom's shell (a POSIX sh)");
        }
        let c = self.next();
        if matches!(op, ParamOp::Length) {
            return if c == Some('}') { Ok(Part::Param { name, op }) } else { self.fail("bad substitution") };
        }
        let op = match c {
            Some('}') => ParamOp::None,
            Some(c @ ('-' | '=' | '?' | '+')) => ParamOp::Test { op: c, colon: false, word: self.operand(quoted)? },
            Some(':') => match self.next() {
                Some(c @ ('-' | '=' | '?' | '+')) => ParamOp::Test { op: c, colon: true, word: self.operand(quoted)? },
                _ => {
                    return self.fail("`${x:offset}` is not supported by kloom's shell (a POSIX sh)");
                }
            },
            Some(c @ ('#' | '%')) => {
                let largest = self.peek() == Some(c);
                if largest {
                    self.pos += 1;
                }
                // Patterns have quotes of their own, also between double quotes.
                ParamOp::Trim { suffix: c == '%', largest, word: self.unquoted(Some('}'))? }
            }
            Some('[') => {
                return self.fail("an array is not supported by kloom's shell (a POSIX sh)");
            }
            Some(c @ ('/' | '^' | ',' | '@')) => {
                return self.fail(format!("`${{x{c}…}}` is not supported by kloom's shell (a POSIX sh)"));
            }
            _ => return self.fail("bad substitution"),
        };
        Ok(Part::Param { name, op })
    }

    fn operand(&mut self, quoted: bool) -> Result<Word, ScenarioError> {
        if quoted { self.double(Some('}')) } else { self.unquoted(Some('}')) }
    }
}
