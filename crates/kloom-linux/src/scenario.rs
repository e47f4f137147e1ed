//! Splitting a scenario into its top-level commands.
//!
//! A top-level command is what POSIX calls a complete command: a list up to an unquoted newline
//! that does not continue it. The shell still runs the text as written; splitting only decides
//! where the marks go, so a construct this file does not know costs a coarser mark, nothing else.

/// Splits `script` into top-level commands; comments and blank lines between them are dropped.
pub fn split(script: &str) -> Vec<String> {
    split_numbered(script).into_iter().map(|(_, text)| text).collect()
}

/// As [`split`], with the line each command starts in, counted from one.
pub fn split_numbered(script: &str) -> Vec<(usize, String)> {
    let mut commands = Vec::new();
    let mut pending = String::new();
    let mut start = 0;
    for (number, line) in (1..).zip(script.lines()) {
        if pending.is_empty() {
            let bare = line.trim();
            if bare.is_empty() || bare.starts_with('#') {
                continue;
            }
            start = number;
        } else {
            pending.push('\n');
        }
        pending.push_str(line);
        if is_complete(&pending) {
            commands.push((start, pending.trim().to_owned()));
            pending.clear();
        }
    }
    // An unfinished construct is still given to the shell, which reports it in its own words.
    if !pending.trim().is_empty() {
        commands.push((start, pending.trim().to_owned()));
    }
    commands
}

/// Where the scanner is inside the text.
#[derive(Default)]
struct Scan {
    /// Open `if`, `while`, `for`, `case` and `{`.
    depth: i32,
    /// Open `(` and `$(`.
    parens: u32,
    /// The last thing was an operator that wants a right-hand side.
    continues: bool,
    /// The next word is in command position, where reserved words count.
    at_command: bool,
    /// Here-document delimiters whose bodies follow the current line.
    heredocs: Vec<String>,
}

/// Whether the shell would run `text` without reading another line.
fn is_complete(text: &str) -> bool {
    let mut scan = Scan { at_command: true, ..Scan::default() };
    let mut chars = text.char_indices().peekable();
    let mut word = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                None | Some((_, '\n')) if chars.peek().is_none() => return false,
                Some((_, next)) => word.push(next),
                None => return false,
            },
            '\'' | '"' => {
                if !skip_quoted(&mut chars, c) {
                    return false;
                }
                word.push('q');
                scan.continues = false;
            }
            '#' if word.is_empty() => {
                while chars.peek().is_some_and(|&(_, c)| c != '\n') {
                    chars.next();
                }
            }
            '\n' => {
                scan.end_word(&mut word);
                for delimiter in std::mem::take(&mut scan.heredocs) {
                    if !skip_heredoc(text, &mut chars, &delimiter) {
                        return false;
                    }
                }
                scan.at_command = true;
            }
            ' ' | '\t' => scan.end_word(&mut word),
            ';' => {
                scan.end_word(&mut word);
                scan.at_command = true;
                scan.continues = false;
            }
            '&' | '|' => {
                let redirect = text[..at].ends_with(['>', '<']);
                scan.end_word(&mut word);
                if redirect {
                    continue;
                }
                let double = chars.next_if(|&(_, next)| next == c).is_some();
                scan.continues = c == '|' || double;
                scan.at_command = true;
            }
            '(' => {
                word.clear();
                scan.parens += 1;
                scan.at_command = true;
                scan.continues = false;
            }
            ')' => {
                scan.end_word(&mut word);
                // A pattern of `case` and the head of a function are followed by a command.
                scan.at_command = scan.parens == 0 || text[..at].ends_with('(');
                scan.parens = scan.parens.saturating_sub(1);
            }
            '<' if chars.next_if(|&(_, next)| next == '<').is_some() => {
                scan.end_word(&mut word);
                chars.next_if(|&(_, next)| next == '-');
                scan.heredocs.push(read_delimiter(&mut chars));
                scan.at_command = false;
            }
            _ => {
                word.push(c);
                scan.continues = false;
            }
        }
    }
    scan.end_word(&mut word);
    scan.depth <= 0 && scan.parens == 0 && !scan.continues && scan.heredocs.is_empty()
}

impl Scan {
    /// Counts a reserved word in command position and forgets the word.
    fn end_word(&mut self, word: &mut String) {
        if word.is_empty() {
            return;
        }
        if self.at_command {
            self.depth += match word.as_str() {
                "if" | "while" | "until" | "for" | "case" | "{" => 1,
                "fi" | "done" | "esac" | "}" => -1,
                _ => 0,
            };
        }
        let keeps_position =
            matches!(word.as_str(), "if" | "then" | "else" | "elif" | "do" | "while" | "until" | "{" | "!" | "time");
        self.at_command = self.at_command && keeps_position;
        word.clear();
    }
}

type Chars<'a> = std::iter::Peekable<std::str::CharIndices<'a>>;

/// Skips past the closing `quote`; false when there is none.
fn skip_quoted(chars: &mut Chars<'_>, quote: char) -> bool {
    while let Some((_, c)) = chars.next() {
        if c == quote {
            return true;
        }
        if c == '\\' && quote == '"' {
            chars.next();
        }
    }
    false
}

/// Reads the word after `<<`, without its quotes.
fn read_delimiter(chars: &mut Chars<'_>) -> String {
    while chars.next_if(|&(_, c)| c == ' ').is_some() {}
    let mut word = String::new();
    while let Some((_, c)) = chars.next_if(|&(_, c)| !c.is_whitespace() && c != ';') {
        if !matches!(c, '\'' | '"' | '\\') {
            word.push(c);
        }
    }
    word
}

/// Skips the body of a here-document; false when its delimiter has not come yet.
fn skip_heredoc(text: &str, chars: &mut Chars<'_>, delimiter: &str) -> bool {
    loop {
        let Some(&(start, _)) = chars.peek() else {
            return false;
        };
        let line = text[start..].lines().next().unwrap_or_default();
        let end = start + line.len();
        while chars.next_if(|&(at, _)| at < end).is_some() {}
        if line.trim_start_matches('\t') == delimiter {
            return true;
        }
        if chars.next().is_none() {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[track_caller]
    fn check(script: &str, expected: &[&str]) {
        assert_eq!(split(script), expected, "script: {script:?}");
    }

    #[test]
    fn plain_lines_are_commands() {
        check(
            "# head\n\ninsmod m.ko n=3\n  sleep 5 # nap\nrmmod m\n",
            &["insmod m.ko n=3", "sleep 5 # nap", "rmmod m"],
        );
        check("", &[]);
        check("a; b && c", &["a; b && c"]);
    }

    #[test]
    fn compound_commands_stay_whole() {
        check("if true\nthen\n  a\nfi\nb", &["if true\nthen\n  a\nfi", "b"]);
        check("for i in 1 2\ndo a $i\ndone\nb", &["for i in 1 2\ndo a $i\ndone", "b"]);
        check("for i in 1 2; do a $i; done\nb", &["for i in 1 2; do a $i; done", "b"]);
        check(
            "while read x; do\n  if a; then b; fi\ndone < f\nc",
            &["while read x; do\n  if a; then b; fi\ndone < f", "c"],
        );
        check("f() {\n  a\n}\nf", &["f() {\n  a\n}", "f"]);
        check("case $x in\na) b ;;\nesac\nc", &["case $x in\na) b ;;\nesac", "c"]);
        check("( a\nb )\nc", &["( a\nb )", "c"]);
        check("x=$(a |\n b)\nc", &["x=$(a |\n b)", "c"]);
    }

    #[test]
    fn reserved_words_count_only_in_command_position() {
        check("echo if\necho done fi", &["echo if", "echo done fi"]);
        check("echo for while\nb", &["echo for while", "b"]);
    }

    #[test]
    fn operators_quotes_and_backslashes_continue() {
        check("a &&\nb\nc", &["a &&\nb", "c"]);
        check("a |\nb", &["a |\nb"]);
        check("a \\\nb\nc", &["a \\\nb", "c"]);
        check("echo 'x\ny'\nz", &["echo 'x\ny'", "z"]);
        check("echo \"x\\\"\ny\"\nz", &["echo \"x\\\"\ny\"", "z"]);
        check("a &\nb 2>&1\nc", &["a &", "b 2>&1", "c"]);
    }

    #[test]
    fn here_documents_keep_their_body() {
        check("cat <<E > f\nif\nE\nb", &["cat <<E > f\nif\nE", "b"]);
    }

    #[test]
    fn an_unfinished_construct_is_kept() {
        check("a\nif true\n", &["a", "if true"]);
        check("echo 'x\n", &["echo 'x"]);
    }
}
