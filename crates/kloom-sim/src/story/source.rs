//! What the text of a module's source tells that its debug information does not: the loop around a line, the function
//! a macro stands for, the argument of a call, the `return` before a closing brace.
//!
//! None of this parses C. Each question is answered only when the text has the expected form; otherwise the story is
//! told without.

use kloom_diag::SourceLines;

/// Most lines looked at above a place: longer functions are told without.
const LINES_MAX: u32 = 400;

/// Lines above its body that a function's signature is looked for on.
const SIGNATURE_LINES: u32 = 4;

/// Words that stand before a parenthesis and are no calls.
const NO_CALLS: [&str; 8] = ["if", "while", "for", "switch", "return", "sizeof", "do", "else"];

/// The lines `first..=last` of a file with comments and strings blanked, so that brackets can be counted.
fn code(sources: &dyn SourceLines, file: &str, first: u32, last: u32) -> Option<Vec<String>> {
    let mut in_comment = false;
    (first..=last).map(|line| Some(blank(&sources.line_text(file, line)?, &mut in_comment))).collect()
}

/// Blanks comments, strings and preprocessor lines of one line; every byte keeps its place.
fn blank(text: &str, in_comment: &mut bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut chars = text.chars().peekable();
    if !*in_comment && text.trim_start().starts_with('#') {
        return " ".repeat(text.len());
    }
    while let Some(c) = chars.next() {
        let keep = match quote {
            _ if *in_comment => {
                if c == '*' && chars.peek() == Some(&'/') {
                    chars.next();
                    out.push(' ');
                    *in_comment = false;
                }
                false
            }
            Some(_) if c == '\\' => {
                if let Some(next) = chars.next() {
                    out.push_str(&" ".repeat(next.len_utf8()));
                }
                false
            }
            Some(mark) => {
                if c == mark {
                    quote = None;
                }
                false
            }
            None if c == '/' && chars.peek() == Some(&'/') => {
                out.push_str(&" ".repeat(c.len_utf8() + chars.by_ref().map(char::len_utf8).sum::<usize>()));
                return out;
            }
            None if c == '/' && chars.peek() == Some(&'*') => {
                chars.next();
                out.push(' ');
                *in_comment = true;
                false
            }
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                false
            }
            None => true,
        };
        if keep {
            out.push(c);
        } else {
            out.push_str(&" ".repeat(c.len_utf8()));
        }
    }
    out
}

/// The line that names `function`, whose code begins at `line` (where its body opens); `line` if it is not near.
pub fn signature_line(sources: &dyn SourceLines, file: &str, line: u32, function: &str) -> u32 {
    let names = |number: u32| {
        let text = sources.line_text(file, number).unwrap_or_default();
        text.match_indices(function).any(|(at, _)| {
            let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            !word(text[..at].chars().next_back()) && text[at + function.len()..].trim_start().starts_with('(')
        })
    };
    (line.saturating_sub(SIGNATURE_LINES).max(1)..=line).rev().find(|&number| names(number)).unwrap_or(line)
}

/// The line of the innermost loop around `line`: its `while`, `for` or `do`.
pub fn enclosing_loop(sources: &dyn SourceLines, file: &str, line: u32) -> Option<u32> {
    let first = line.saturating_sub(LINES_MAX).max(1);
    let lines = code(sources, file, first, line)?;
    // All text up to the end of the line's first statement, with the line of each byte.
    let mut text: Vec<u8> = Vec::new();
    let mut line_of: Vec<u32> = Vec::new();
    for (number, one) in (first..).zip(&lines) {
        text.extend(one.as_bytes());
        text.push(b'\n');
        line_of.resize(text.len(), number);
    }
    let last = lines.last()?;
    let start = text.len() - 1 - last.len();
    let indent = last.len() - last.trim_start().len();
    let statement_end = text[start + indent..]
        .iter()
        .position(|&c| c == b';' || c == b'{')
        .map_or(text.len(), |at| start + indent + at);
    let mut end = statement_end;
    loop {
        // The statement that ends at `end`: back to the bracket or semicolon before it.
        let (from, opened) = statement_start(&text[..end]);
        if let Some(at) = loop_word(&text[from..end]) {
            return line_of.get(from + at).copied();
        }
        match opened {
            Some(open) => end = open,
            None => return None,
        }
    }
}

/// Walks back over whole blocks and parentheses to the start of the statement that ends `text`; also the `{` of the
/// block that the statement is in, if the text has it.
fn statement_start(text: &[u8]) -> (usize, Option<usize>) {
    let (mut braces, mut parens) = (0u32, 0u32);
    let mut from = None;
    for (at, &c) in text.iter().enumerate().rev() {
        match c {
            b'}' => {
                if braces == 0 && parens == 0 && from.is_none() {
                    from = Some(at + 1);
                }
                braces += 1;
            }
            b'{' if braces == 0 => return (from.unwrap_or(at + 1), Some(at)),
            b'{' => braces -= 1,
            b')' => parens += 1,
            b'(' => parens = parens.saturating_sub(1),
            b';' if braces == 0 && parens == 0 && from.is_none() => from = Some(at + 1),
            _ => {}
        }
    }
    (from.unwrap_or(0), None)
}

/// Where a loop keyword leads the statement.
fn loop_word(statement: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(statement);
    let start = text.len() - text.trim_start().len();
    for (at, word) in words(&text) {
        match word {
            "while" | "for" | "do" => return Some(at),
            "else" | "if" => continue,
            _ if at == start => {
                // A label may come first; so may a macro of the lists' family.
                if word.contains("for_each") {
                    return Some(at);
                }
                if !text[at + word.len()..].trim_start().starts_with(':') {
                    return None;
                }
            }
            _ => {}
        }
    }
    None
}

/// The identifiers of a text with their offsets.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_word)?;
        let end = text[start..].find(|c| !is_word(c)).map_or(text.len(), |length| start + length);
        at = end;
        Some((start, &text[start..end]))
    })
}

/// The name under which the line calls `symbol`: itself, one of `aliases`, or the first thing called there (a macro of
/// the headers).
pub fn called(text: &str, symbol: &str, aliases: &[&str]) -> Option<String> {
    let text = blank(text, &mut false);
    let has = |name: &str| words(&text).any(|(_, word)| word == name);
    if has(symbol) {
        return Some(symbol.to_string());
    }
    if let Some(alias) = aliases.iter().find(|alias| has(alias)) {
        return Some((*alias).to_string());
    }
    let called = words(&text).find(|(at, word)| {
        text[at + word.len()..].trim_start().starts_with('(')
            && !NO_CALLS.contains(word)
            && !word.starts_with(|c: char| c.is_ascii_digit())
    });
    called.map(|(_, word)| word.to_string())
}

/// Calls whose object is the second argument.
const AFTER_QUEUE: [&str; 6] = [
    "queue_work",
    "queue_delayed_work",
    "mod_delayed_work",
    "kthread_queue_work",
    "kthread_queue_delayed_work",
    "kthread_mod_delayed_work",
];

/// What `call` is about, as written on the line: its first argument, without a leading `&`; its second if the first says where
/// something is queued.
pub fn argument(text: &str, call: &str) -> Option<String> {
    let code = blank(text, &mut false);
    let (at, word) = words(&code).find(|(_, word)| *word == call)?;
    let mut open = at + word.len() + code[at + word.len()..].find('(')?;
    if AFTER_QUEUE.contains(&call) {
        open += code[open..].find(',')?;
    }
    let mut depth = i32::from(code[open..].starts_with(','));
    let start = open + 1;
    let end = code[open..].char_indices().find_map(|(index, c)| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 1 && open + index >= start => return Some(index),
            _ => {}
        }
        (depth == 0).then_some(index)
    })?;
    let text = code[open + 1..open + end].trim().trim_start_matches('&').trim();
    (!text.is_empty() && text.len() < 60).then(|| text.to_string())
}

/// The variable that the line assigns to.
pub fn assigned(text: &str) -> Option<String> {
    let code = blank(text, &mut false);
    let at = code.char_indices().find(|&(at, c)| {
        let before = code[..at].chars().next_back();
        let after = code[at + 1..].chars().next();
        c == '=' && after != Some('=') && !before.is_some_and(|c| "=!<>+-*/%&|^".contains(c))
    })?;
    let left = code[..at.0].trim();
    let start = left.rfind(|c: char| !(c.is_alphanumeric() || "_.[]>-".contains(c))).map_or(0, |index| index + 1);
    let name = left[start..].trim_start_matches(['>', '-', '.', ']']);
    (!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())).then(|| name.to_string())
}

/// The pointer that the access at `column` (in bytes, from 1) goes through: `p` of `*p`, `p->x`, `p[i]`.
pub fn dereferenced(text: &str, column: u32) -> Option<String> {
    let code = blank(text, &mut false);
    let at = (column as usize).checked_sub(1)?;
    let here = code.get(at..)?;
    let before = |end: usize| -> Option<String> {
        let left = code.get(..end)?.trim_end();
        let start = left.rfind(|c: char| !(c.is_alphanumeric() || "_.".contains(c))).map_or(0, |index| index + 1);
        (start < left.len()).then(|| left[start..].to_string())
    };
    if here.starts_with("->") || here.starts_with('[') {
        return before(at);
    }
    if let Some(rest) = here.strip_prefix('*') {
        let name: String = rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        return (!name.is_empty()).then_some(name);
    }
    if here.starts_with('=') {
        let left = code.get(..at)?.trim();
        let left = &left[left.rfind([';', '{', '}', ')']).map_or(0, |index| index + 1)..];
        if let Some(name) = left.trim().strip_prefix('*') {
            return name.chars().all(|c| c.is_alphanumeric() || c == '_').then(|| name.to_string());
        }
        return left.rfind("->").and_then(|arrow| before(code.find(left)? + arrow));
    }
    let end = at + here.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(here.len());
    (code.get(end..)?.starts_with("->") && end > at).then(|| code[at..end].to_string())
}

/// The line, at most a few below `line`, that compares `variable` with `NULL`.
pub fn null_check(sources: &dyn SourceLines, file: &str, line: u32, variable: &str) -> Option<u32> {
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let name = squeeze(variable);
    let same_function = |&at: &u32| sources.line_text(file, at).is_some_and(|text| !text.starts_with('}'));
    (line..=line + 12).take_while(same_function).find(|&at| {
        let Some(text) = sources.line_text(file, at) else { return false };
        let code = squeeze(&blank(&text, &mut false));
        let Some(start) = code.find("if(") else { return false };
        let condition = &code[start + 3..];
        [
            format!("{name})"),
            format!("!{name})"),
            format!("{name}==NULL"),
            format!("{name}!=NULL"),
            format!("NULL=={name}"),
            format!("NULL!={name}"),
        ]
        .iter()
        .any(|form| condition.starts_with(form.as_str()))
    })
}

/// The only `return` of the function whose closing brace is at `line`, or `line` itself.
pub fn return_line(sources: &dyn SourceLines, file: &str, line: u32) -> u32 {
    let text = |line: u32| sources.line_text(file, line).unwrap_or_default();
    if text(line).trim() != "}" {
        return line;
    }
    let mut found = None;
    for above in (line.saturating_sub(LINES_MAX).max(1)..line).rev() {
        let text = text(above);
        if text.starts_with(|c: char| !c.is_whitespace() && c != '#' && c != '/') && !text.trim_end().ends_with(':') {
            break;
        }
        if words(&blank(&text, &mut false)).any(|(_, word)| word == "return") {
            if found.is_some() {
                // Which of several returns it was is not known.
                return line;
            }
            found = Some(above);
        }
    }
    found.unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn file(text: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("f.c".to_string(), text.to_string())])
    }

    #[track_caller]
    fn check_loop(text: &str, line: u32, expect: Option<u32>) {
        assert_eq!(enclosing_loop(&file(text), "f.c", line), expect);
    }

    #[test]
    fn the_loop_around_a_line_is_found() {
        let text = "static int f(void *d)\n{\n\tint n = 0;\n\twhile (1) {\n\t\tpr_info(\"}{ %d\", n++);\n\t\tif (n > 3) {\n\t\t\tn = 0;\n\t\t}\n\t\tmsleep(1);\n\t}\n\treturn 0;\n}\n";
        check_loop(text, 9, Some(4));
        check_loop(text, 7, Some(4));
        check_loop(text, 4, Some(4));
        check_loop(text, 11, None);
        check_loop(text, 3, None);
    }

    #[test]
    fn loops_without_braces_and_do_loops() {
        check_loop("int f(void) {\n\tfor (;;)\n\t\tssleep(5);\n}\n", 3, Some(2));
        check_loop("int f(void) {\n\tdo {\n\t\tssleep(5);\n\t} while (!x);\n}\n", 3, Some(2));
        check_loop("int f(void) {\n\tfor (i = 0; i < 3; i++) {\n\t\tg(i);\n\t}\n\tssleep(5);\n}\n", 5, None);
        check_loop("int f(void) {\n\twhile (1)\n\t{\n\t\tif (a)\n\t\t\tssleep(5);\n\t}\n}\n", 5, Some(2));
    }

    #[test]
    fn comments_do_not_count() {
        check_loop("int f(void) { /* while (1) {\n*/\n\tssleep(5);\n}\n", 3, None);
        check_loop("int f(void) {\n\twhile (1) { // {\n#define X }\n\t\tssleep(5);\n\t}\n}\n", 4, Some(2));
    }

    #[test]
    fn calls_are_named_as_the_author_wrote_them() {
        let aliases = ["kthread_run", "kthread_create"];
        assert_eq!(
            called("\tt = kthread_run(f, NULL, \"x\");", "kthread_create_on_node", &aliases).as_deref(),
            Some("kthread_run")
        );
        assert_eq!(
            called("\tif (wait_event_interruptible(q, c))", "schedule", &[]).as_deref(),
            Some("wait_event_interruptible")
        );
        assert_eq!(called("\tmsleep(1);", "msleep", &[]).as_deref(), Some("msleep"));
        assert_eq!(called("\tx = y;", "memcpy", &[]), None);
    }

    #[test]
    fn arguments_and_assignments() {
        assert_eq!(argument("\tspin_lock(&dev->lock);", "spin_lock").as_deref(), Some("dev->lock"));
        assert_eq!(argument("\tmutex_lock(&a[f(1, 2)].m);", "mutex_lock").as_deref(), Some("a[f(1, 2)].m"));
        assert_eq!(argument("\tspin_lock_irqsave(&l, flags);", "spin_lock_irqsave").as_deref(), Some("l"));
        assert_eq!(assigned("\tstruct task_struct *t = kthread_run(").as_deref(), Some("t"));
        assert_eq!(assigned("\tdev->task = kthread_run(a == b)").as_deref(), Some("dev->task"));
        assert_eq!(assigned("\tif (a == b)"), None);
    }

    #[test]
    fn pointers_of_accesses() {
        assert_eq!(dereferenced("\t*p = 5;", 5).as_deref(), Some("p"));
        assert_eq!(dereferenced("\tx = p->next;", 7).as_deref(), Some("p"));
        assert_eq!(dereferenced("\tdev->count = 5;", 13).as_deref(), Some("dev"));
        assert_eq!(dereferenced("\tx = *q;", 6).as_deref(), Some("q"));
        assert_eq!(dereferenced("\tfoo();", 2), None);
        assert_eq!(dereferenced("x", 99), None);
    }

    #[test]
    fn null_checks_and_returns() {
        let sources = file(
            "\tt = kthread_run(f);\n\n\tif (t == NULL)\n\t\tgoto out;\n\treturn 0;\n}\nint g(void)\n{\n\tif (x)\n\t\treturn 1;\n\treturn 0;\n}\n",
        );
        assert_eq!(null_check(&sources, "f.c", 1, "t"), Some(3));
        assert_eq!(null_check(&sources, "f.c", 1, "x"), None);
        assert_eq!(return_line(&sources, "f.c", 6), 5);
        assert_eq!(return_line(&sources, "f.c", 3), 3);
        assert_eq!(return_line(&sources, "f.c", 12), 12, "two returns");
    }
}
