//! Finds the stretch of a source line to underline, from the call's name and from DWARF's column.
//!
//! DWARF gives a line always, a column mostly, an end never. So: the named call with its arguments if it is on the line;
//! else the expression or statement at the column; else the line without blanks, comment and trailing `;` or `{`.
//! All offsets are bytes and lie on character boundaries of the text.

use crate::report::{SourceLines, Span};
use crate::site::Site;

/// Longest line that is shown; the rest is cut (generated code has lines of megabytes).
const LINE_MAX_BYTES: usize = 4096;

/// Returns the span of `call` (may be empty) at `site`.
pub(crate) fn locate(lines: &dyn SourceLines, site: &Site, call: &str, label: String) -> Span {
    let text = line_of(lines, &site.file, site.line);
    let (start, end) = text.as_deref().map_or((0, 0), |text| stretch(text, call, site.column));
    Span { file: site.file.clone(), line: site.line, start, end, text, label }
}

/// Returns a line without its end, with control characters other than tabs replaced, cut to a bearable length.
pub(crate) fn line_of(lines: &dyn SourceLines, file: &str, line: u32) -> Option<String> {
    if line == 0 {
        return None;
    }
    let text = lines.line_text(file, line)?;
    let text = text.split('\n').next().unwrap_or_default();
    let text = text.strip_suffix('\r').unwrap_or(text);
    let cut = floor_boundary(text, LINE_MAX_BYTES);
    Some(crate::render::printable(&text[..cut]))
}

/// Chooses the stretch within `text`.
fn stretch(text: &str, call: &str, column: Option<u32>) -> (usize, usize) {
    let column = column
        .and_then(|column| usize::try_from(column).ok()?.checked_sub(1))
        .filter(|&column| column < text.len())
        .map(|column| floor_boundary(text, column));
    if !call.is_empty()
        && let Some(found) = find_call(text, call, column)
    {
        return found;
    }
    column.and_then(|column| at_column(text, column)).unwrap_or_else(|| trimmed(text))
}

/// Finds `call` as a whole word (or as it stands, when it is an expression), with its argument list if it has one.
fn find_call(text: &str, call: &str, column: Option<usize>) -> Option<(usize, usize)> {
    let mut best = None;
    for (start, _) in text.match_indices(call) {
        let end = start + call.len();
        let bounded = |c: Option<char>| !c.is_some_and(is_word);
        if call.starts_with(is_word) && !bounded(text[..start].chars().next_back())
            || call.ends_with(is_word) && !bounded(text[end..].chars().next())
        {
            continue;
        }
        if best.is_none() || column.is_some_and(|column| start <= column) {
            best = Some((start, end));
        }
    }
    let (start, end) = best?;
    Some((start, with_arguments(text, end)))
}

/// Extends `end` over `(…)` that follows; over the rest of the line when the closing parenthesis is on a later one.
fn with_arguments(text: &str, end: usize) -> usize {
    let rest = &text[end..];
    let blank = rest.len() - rest.trim_start().len();
    if !rest[blank..].starts_with('(') {
        return end;
    }
    closing(text, end + blank).unwrap_or_else(|| trimmed(text).1.max(end))
}

/// Returns the offset behind the bracket that closes the one at `open`, skipping strings.
fn closing(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0u32;
    let mut quote = None;
    let mut escaped = false;
    for (index, c) in text[open..].char_indices() {
        if let Some(mark) = quote {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == mark => quote = None,
                _ => {}
            }
            continue;
        }
        match c {
            '"' | '\'' => quote = Some(c),
            '(' | '[' => depth += 1,
            ')' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(open + index + c.len_utf8());
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns the postfix expression that starts at `column`, or the statement around it.
fn at_column(text: &str, column: usize) -> Option<(usize, usize)> {
    let rest = &text[column..];
    if rest.trim().is_empty() {
        return None;
    }
    if rest.starts_with(is_word) {
        return Some((column, postfix(text, column)));
    }
    let before = &text[..column];
    let start = before.rfind([';', '{', '}']).map_or(0, |index| index + 1);
    let start = start + (text[start..].len() - text[start..].trim_start().len());
    let end = rest.find([';', '{']).map_or(trimmed(text).1, |index| column + index);
    let end = start.max(text[..end.max(start)].trim_end().len());
    (start < end).then_some((start, end))
}

/// Returns the end of `word`, `word(…)`, `word[…]`, `word->word`, `word++` and so on, starting at `from`.
fn postfix(text: &str, from: usize) -> usize {
    let word_end = |at: usize| text[at..].find(|c: char| !is_word(c)).map_or(text.len(), |length| at + length);
    let mut end = word_end(from);
    loop {
        let rest = &text[end..];
        if matches!(&text[from..end], "while" | "if" | "for" | "switch") || rest.starts_with('(') {
            let extended = with_arguments(text, end);
            if extended == end {
                return end;
            }
            end = extended;
        } else if rest.starts_with('[') {
            match closing(text, end) {
                Some(close) => end = close,
                None => return end,
            }
        } else if let Some(member) = rest.strip_prefix("->").or(rest.strip_prefix('.'))
            && member.starts_with(is_word)
        {
            end = word_end(text.len() - member.len());
        } else if rest.starts_with("++") || rest.starts_with("--") {
            return end + 2;
        } else {
            return end;
        }
    }
}

/// Returns the line without blanks, comments at its end, and a trailing `{` or `;`.
fn trimmed(text: &str) -> (usize, usize) {
    let start = text.len() - text.trim_start().len();
    let code = &text[start..];
    let cut =
        ["//", "/*"].iter().filter_map(|mark| code.find(mark)).filter(|&index| index > 0).min().unwrap_or(code.len());
    let code = code[..cut].trim_end();
    let bare = code.trim_end_matches(['{', ';', ' ', '\t']);
    let kept = if bare.is_empty() { code } else { bare };
    (start, start + kept.len())
}

/// Rounds `index` down to a character boundary of `text`.
fn floor_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

/// Tells whether `c` can be part of a C identifier.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::stretch;

    #[track_caller]
    fn check(text: &str, call: &str, column: Option<u32>, expect: &str) {
        let (start, end) = stretch(text, call, column);
        assert_eq!(&text[start..end], expect);
    }

    #[test]
    fn calls_are_found_with_their_arguments() {
        check("\tkthread_stop(task);", "kthread_stop", None, "kthread_stop(task)");
        check("\tt = kthread_run(f, NULL, \"a)b\");", "kthread_run", Some(6), "kthread_run(f, NULL, \"a)b\")");
        check("\tt = kthread_run(f,", "kthread_run", None, "kthread_run(f,");
        check(" my_kthread_stop(a); kthread_stop(b);", "kthread_stop", None, "kthread_stop(b)");
        check("f(a); f(b);", "f", Some(7), "f(b)");
        check("\twhile (1) {", "while (1)", None, "while (1)");
    }

    #[test]
    fn columns_choose_an_expression_or_a_statement() {
        check("\thits++;", "", Some(2), "hits++");
        check("\ta->b[i].c = 3;", "", Some(2), "a->b[i].c");
        check("\tx = 1; *p = 2;", "", Some(9), "*p = 2");
        check("\twhile (1) {", "", Some(2), "while (1)");
        check("\tfoo();", "", Some(99), "foo()");
        check("é = ü;", "", Some(2), "é");
    }

    #[test]
    fn lines_are_trimmed() {
        check("\treturn 0; // done", "", None, "return 0");
        check("\twhile (1) { /* ever */", "", None, "while (1)");
        check("\t}", "", None, "}");
        check("{", "", None, "{");
        check("   ", "", None, "");
        check("", "x", Some(3), "");
    }
}
