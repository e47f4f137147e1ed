//! Shell patterns (`*`, `?`, `[…]`) over text in which [`ESC`](crate::text::ESC) marks quoted characters.

use crate::text::ESC;

#[derive(Debug, PartialEq)]
enum Token {
    Char(char),
    One,
    Many,
    Class { negated: bool, ranges: Vec<(char, char)>, named: Vec<fn(&char) -> bool> },
}

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    tokens: Vec<Token>,
}

fn named_class(name: &str) -> Option<fn(&char) -> bool> {
    Some(match name {
        "alpha" => |c| c.is_alphabetic(),
        "digit" => |c| c.is_ascii_digit(),
        "alnum" => |c| c.is_alphanumeric(),
        "upper" => |c| c.is_uppercase(),
        "lower" => |c| c.is_lowercase(),
        "space" => |c| c.is_ascii_whitespace() || *c == '\u{b}',
        "blank" => |c| matches!(c, ' ' | '\t'),
        "punct" => |c| c.is_ascii_punctuation(),
        "xdigit" => |c| c.is_ascii_hexdigit(),
        "cntrl" => |c| c.is_control(),
        "print" => |c| !c.is_control(),
        "graph" => |c| !c.is_control() && *c != ' ',
        _ => return None,
    })
}

/// A bracket expression after its `[`; `None` if it is not closed. Gives the token and where it ends.
fn class(chars: &[char], mut i: usize) -> Option<(Token, usize)> {
    let negated = matches!(chars.get(i), Some('!' | '^'));
    i += usize::from(negated);
    let (mut ranges, mut named) = (Vec::new(), Vec::new());
    let mut first = true;
    loop {
        let mut quoted = false;
        let mut c = *chars.get(i)?;
        if c == ESC {
            quoted = true;
            i += 1;
            c = *chars.get(i)?;
        }
        if c == ']' && !first && !quoted {
            return Some((Token::Class { negated, ranges, named }, i + 1));
        }
        first = false;
        if c == '[' && !quoted && chars.get(i + 1) == Some(&':') {
            let rest: String = chars[i + 2..].iter().collect();
            if let Some(test) = rest.find(":]").and_then(|end| named_class(&rest[..end])) {
                named.push(test);
                i += 4 + rest.find(":]")?;
                continue;
            }
        }
        i += 1;
        if chars.get(i) == Some(&'-') && chars.get(i + 1).is_some_and(|&c| c != ']') {
            let mut end = chars[i + 1];
            i += 2;
            if end == ESC {
                end = *chars.get(i)?;
                i += 1;
            }
            ranges.push((c, end));
        } else {
            ranges.push((c, c));
        }
    }
}

impl Pattern {
    /// Compiles; every text is some pattern.
    pub(crate) fn new(text: &str) -> Pattern {
        let chars: Vec<char> = text.chars().collect();
        let mut tokens = Vec::new();
        let mut i = 0;
        while i < chars.len() {
            let c = chars[i];
            i += 1;
            tokens.push(match c {
                // A backslash that comes out of an expansion quotes, too.
                ESC | '\\' if i < chars.len() => {
                    if c == '\\' && chars[i] == ESC {
                        i += 1;
                    }
                    let quoted = chars.get(i).copied().unwrap_or(c);
                    i += 1;
                    Token::Char(quoted)
                }
                '*' => {
                    if tokens.last() == Some(&Token::Many) {
                        continue;
                    }
                    Token::Many
                }
                '?' => Token::One,
                '[' => match class(&chars, i) {
                    Some((token, end)) => {
                        i = end;
                        token
                    }
                    None => Token::Char('['),
                },
                c => Token::Char(c),
            });
        }
        Pattern { tokens }
    }

    /// Whether all of `text` matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.matches_chars(&text.chars().collect::<Vec<_>>())
    }

    fn matches_chars(&self, text: &[char]) -> bool {
        let (mut t, mut p) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while t < text.len() {
            let one = match self.tokens.get(p) {
                Some(Token::Many) => {
                    star = Some((p, t));
                    p += 1;
                    continue;
                }
                Some(Token::One) => true,
                Some(Token::Char(c)) => *c == text[t],
                Some(Token::Class { negated, ranges, named }) => {
                    let c = text[t];
                    (ranges.iter().any(|&(a, b)| a <= c && c <= b) || named.iter().any(|f| f(&c))) != *negated
                }
                None => false,
            };
            if one {
                (p, t) = (p + 1, t + 1);
            } else if let Some((star_p, star_t)) = star {
                (p, t) = (star_p + 1, star_t + 1);
                star = Some((star_p, star_t + 1));
            } else {
                return false;
            }
        }
        self.tokens[p..].iter().all(|token| *token == Token::Many)
    }

    /// `text` without the smallest or largest prefix or suffix that matches.
    pub(crate) fn trim(&self, text: &str, suffix: bool, largest: bool) -> String {
        let chars: Vec<char> = text.chars().collect();
        let n = chars.len();
        let mut cuts: Vec<usize> = (0..=n).collect();
        // Try prefixes from the shortest, suffixes from the shortest; the other way round for the largest.
        if suffix != largest {
            cuts.reverse();
        }
        for cut in cuts {
            let (part, rest) = if suffix { (&chars[cut..], &chars[..cut]) } else { (&chars[..cut], &chars[cut..]) };
            if self.matches_chars(part) {
                return rest.iter().collect();
            }
        }
        text.to_string()
    }
}

/// Whether unquoted pattern characters are in it.
pub(crate) fn is_pattern(text: &str) -> bool {
    let mut quoted = false;
    for c in text.chars() {
        if quoted {
            quoted = false;
        } else if c == ESC {
            quoted = true;
        } else if matches!(c, '*' | '?' | '[') {
            return true;
        }
    }
    false
}

/// The text without its quoting marks.
pub(crate) fn unquote(text: &str) -> String {
    text.chars().filter(|&c| c != ESC).collect()
}

/// `text` with every character marked as quoted that a pattern could take for its own.
pub(crate) fn quote_into(out: &mut String, text: &str) {
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\' | '-' | '!' | '^' | ':') {
            out.push(ESC);
        }
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(Pattern::new(pattern).matches(text), expected, "{pattern} {text}");
    }

    #[test]
    fn matching() {
        check("*", "", true);
        check("a*c", "abc", true);
        check("a*c", "abd", false);
        check("a*b*c", "aXbYbZc", true);
        check("?", "", false);
        check("[a-c]x", "bx", true);
        check("[!a-c]x", "bx", false);
        check("[]a]", "]", true);
        check("[[:digit:]]*", "7up", true);
        check("[", "[", true);
        check("[a", "[a", true);
        check("\\*", "*", true);
        check("\\*", "x", false);
        check(&format!("{ESC}*"), "x", false);
        check(&("a*".repeat(40) + "b"), &"a".repeat(60), false);
    }

    #[test]
    fn trimming() {
        assert_eq!(Pattern::new("*/").trim("a/b/c", false, false), "b/c");
        assert_eq!(Pattern::new("*/").trim("a/b/c", false, true), "c");
        assert_eq!(Pattern::new("/*").trim("a/b/c", true, false), "a/b");
        assert_eq!(Pattern::new("/*").trim("a/b/c", true, true), "a");
        assert_eq!(Pattern::new("x").trim("abc", true, true), "abc");
    }
}
