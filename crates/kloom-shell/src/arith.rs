//! `$(( … ))`: C's integer expressions over shell variables, 64 bits, wrapping.

/// Where variables come from and go to.
pub(crate) trait Variables {
    fn get(&self, name: &str) -> Option<String>;
    fn set(&mut self, name: &str, value: i64) -> Result<(), String>;
}

/// Evaluates; the error is busybox's text.
pub(crate) fn evaluate(text: &str, variables: &mut dyn Variables) -> Result<i64, String> {
    eval_at(text, variables, 0)
}

const DEPTH: usize = 60;

fn eval_at(text: &str, variables: &mut dyn Variables, depth: usize) -> Result<i64, String> {
    let mut e = Eval { chars: text.chars().collect(), pos: 0, variables, depth, live: true };
    e.space();
    if e.pos == e.chars.len() {
        return Ok(0);
    }
    let value = e.comma()?;
    e.space();
    if e.pos < e.chars.len() { syntax() } else { Ok(value) }
}

fn syntax<T>() -> Result<T, String> {
    Err("arithmetic syntax error".into())
}

struct Eval<'a> {
    chars: Vec<char>,
    pos: usize,
    variables: &'a mut dyn Variables,
    depth: usize,
    /// Off in the branch of `?:`, `&&`, `||` that does not count.
    live: bool,
}

/// Binary operators, loosest first; `&&` and `||` are apart because they do not always take their right side.
const LEVELS: [&[&str]; 8] =
    [&["|"], &["^"], &["&"], &["==", "!="], &["<=", ">=", "<", ">"], &["<<", ">>"], &["+", "-"], &["*", "/", "%"]];

impl Eval<'_> {
    fn space(&mut self) {
        while self.chars.get(self.pos).is_some_and(|c| c.is_whitespace()) {
            self.pos += 1;
        }
    }

    fn looking_at(&self, op: &str) -> bool {
        op.chars().enumerate().all(|(i, c)| self.chars.get(self.pos + i) == Some(&c))
    }

    fn at(&self, offset: usize) -> char {
        self.chars.get(self.pos + offset).copied().unwrap_or('\0')
    }

    /// Eats `op` if it stands here and is not the start of a longer operator.
    fn eat(&mut self, op: &str) -> bool {
        self.space();
        if !self.looking_at(op) {
            return false;
        }
        let after = self.at(op.len());
        let longer = match op {
            "|" => after == '|' || after == '=',
            "&" => after == '&' || after == '=',
            "<" | ">" => after == '=' || after == op.chars().next().unwrap_or(after),
            "^" | "*" | "/" | "%" | "<<" | ">>" | "+" | "-" | "!" => after == '=',
            "=" => after == '=',
            _ => false,
        };
        if longer {
            return false;
        }
        self.pos += op.len();
        true
    }

    fn comma(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("expression recursion loop detected".into());
        }
        let mut value = self.assignment()?;
        while self.eat(",") {
            value = self.assignment()?;
        }
        self.depth -= 1;
        Ok(value)
    }

    fn name(&mut self) -> Option<String> {
        self.space();
        let start = self.pos;
        while self.at(0).is_ascii_alphabetic() || self.at(0) == '_' || (self.pos > start && self.at(0).is_ascii_digit())
        {
            self.pos += 1;
        }
        (self.pos > start).then(|| self.chars[start..self.pos].iter().collect())
    }

    fn assignment(&mut self) -> Result<i64, String> {
        let start = self.pos;
        if let Some(name) = self.name() {
            self.space();
            for op in ["=", "*=", "/=", "%=", "+=", "-=", "<<=", ">>=", "&=", "^=", "|="] {
                if self.looking_at(op) && !(op == "=" && self.at(1) == '=') {
                    self.pos += op.len();
                    let right = self.nested(Self::assignment)?;
                    let value = if op == "=" {
                        right
                    } else {
                        let left = self.value_of(&name)?;
                        self.binary(&op[..op.len() - 1], left, right)?
                    };
                    self.assign(&name, value)?;
                    return Ok(value);
                }
            }
        }
        self.pos = start;
        self.ternary()
    }

    fn nested(&mut self, f: fn(&mut Self) -> Result<i64, String>) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("expression recursion loop detected".into());
        }
        let value = f(self);
        self.depth -= 1;
        value
    }

    fn quiet(&mut self, live: bool, f: fn(&mut Self) -> Result<i64, String>) -> Result<i64, String> {
        let outer = self.live;
        self.live &= live;
        let value = self.nested(f);
        self.live = outer;
        value
    }

    fn ternary(&mut self) -> Result<i64, String> {
        let condition = self.or()?;
        if !self.eat("?") {
            return Ok(condition);
        }
        let yes = self.quiet(condition != 0, Self::comma)?;
        if !self.eat(":") {
            return syntax();
        }
        let no = self.quiet(condition == 0, Self::assignment)?;
        Ok(if condition != 0 { yes } else { no })
    }

    fn or(&mut self) -> Result<i64, String> {
        let mut value = self.and()?;
        while self.eat("||") {
            let right = self.quiet(value == 0, Self::and)?;
            value = i64::from(value != 0 || right != 0);
        }
        Ok(value)
    }

    fn and(&mut self) -> Result<i64, String> {
        let mut value = self.level(0)?;
        while self.eat("&&") {
            let right = self.quiet(value != 0, |e| e.level(0))?;
            value = i64::from(value != 0 && right != 0);
        }
        Ok(value)
    }

    fn level(&mut self, level: usize) -> Result<i64, String> {
        let Some(ops) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut value = self.level(level + 1)?;
        'more: loop {
            for op in *ops {
                if self.eat(op) {
                    let right = self.level(level + 1)?;
                    value = self.binary(op, value, right)?;
                    continue 'more;
                }
            }
            return Ok(value);
        }
    }

    fn binary(&self, op: &str, a: i64, b: i64) -> Result<i64, String> {
        Ok(match op {
            "|" => a | b,
            "^" => a ^ b,
            "&" => a & b,
            "==" => i64::from(a == b),
            "!=" => i64::from(a != b),
            "<=" => i64::from(a <= b),
            ">=" => i64::from(a >= b),
            "<" => i64::from(a < b),
            ">" => i64::from(a > b),
            "<<" => a.wrapping_shl(b as u32),
            ">>" => a.wrapping_shr(b as u32),
            "+" => a.wrapping_add(b),
            "-" => a.wrapping_sub(b),
            "*" => a.wrapping_mul(b),
            _ if b == 0 && self.live => return Err("divide by zero".into()),
            _ if b == 0 => 0,
            "/" => a.wrapping_div(b),
            _ => a.wrapping_rem(b),
        })
    }

    fn unary(&mut self) -> Result<i64, String> {
        self.space();
        for (op, step) in [("++", 1), ("--", -1)] {
            let start = self.pos;
            if self.looking_at(op) {
                self.pos += 2;
                if let Some(name) = self.name() {
                    let value = self.value_of(&name)?.wrapping_add(step);
                    self.assign(&name, value)?;
                    return Ok(value);
                }
                self.pos = start;
            }
        }
        for op in ['+', '-', '!', '~'] {
            if self.at(0) == op && !(op == '!' && self.at(1) == '=') {
                self.pos += 1;
                let value = self.nested(Self::unary)?;
                return Ok(match op {
                    '+' => value,
                    '-' => value.wrapping_neg(),
                    '!' => i64::from(value == 0),
                    _ => !value,
                });
            }
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<i64, String> {
        self.space();
        if self.eat("(") {
            let value = self.comma()?;
            return if self.eat(")") { Ok(value) } else { syntax() };
        }
        if self.at(0).is_ascii_digit() {
            let start = self.pos;
            while self.at(0).is_ascii_alphanumeric() {
                self.pos += 1;
            }
            return number(&self.chars[start..self.pos].iter().collect::<String>());
        }
        let Some(name) = self.name() else {
            return syntax();
        };
        let value = self.value_of(&name)?;
        for (op, step) in [("++", 1), ("--", -1)] {
            if self.looking_at(op) && !self.at(2).is_ascii_alphanumeric() {
                self.pos += 2;
                self.assign(&name, value.wrapping_add(step))?;
            }
        }
        Ok(value)
    }

    fn assign(&mut self, name: &str, value: i64) -> Result<(), String> {
        if self.live { self.variables.set(name, value) } else { Ok(()) }
    }

    /// A variable's value is an expression itself; unset is 0.
    fn value_of(&mut self, name: &str) -> Result<i64, String> {
        match self.variables.get(name) {
            None => Ok(0),
            Some(text) => match number(text.trim()) {
                Ok(n) => Ok(n),
                Err(_) if self.depth + 8 > DEPTH => Err("expression recursion loop detected".into()),
                Err(_) => eval_at(&text, self.variables, self.depth + 8),
            },
        }
    }
}

/// Decimal, octal (`0…`) or hexadecimal (`0x…`), as strtoull would, cut to 64 bits.
fn number(text: &str) -> Result<i64, String> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return syntax();
    }
    Ok(u64::from_str_radix(digits, radix).unwrap_or(u64::MAX) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    impl Variables for BTreeMap<String, String> {
        fn get(&self, name: &str) -> Option<String> {
            BTreeMap::get(self, name).cloned()
        }
        fn set(&mut self, name: &str, value: i64) -> Result<(), String> {
            self.insert(name.into(), value.to_string());
            Ok(())
        }
    }

    #[track_caller]
    fn check(text: &str, expected: Result<i64, &str>) {
        let mut variables = BTreeMap::from([("x".to_string(), "7".to_string()), ("loop".into(), "loop".into())]);
        assert_eq!(evaluate(text, &mut variables), expected.map_err(str::to_string), "{text}");
    }

    #[test]
    fn expressions() {
        check("", Ok(0));
        check("1+2*3", Ok(7));
        check("(1+2)*3", Ok(9));
        check("x", Ok(7));
        check("x++ + x", Ok(15));
        check("--x", Ok(6));
        check("- -3", Ok(3));
        check("1<<4|1", Ok(17));
        check("5%3==2&&1", Ok(1));
        check("0&&1/0", Ok(0));
        check("1?2:3", Ok(2));
        check("y=3,y*=2,y", Ok(6));
        check("0x1f+010", Ok(39));
        check("!0", Ok(1));
        check("~0", Ok(-1));
        check("1!=2", Ok(1));
        check("9223372036854775807+1", Ok(i64::MIN));
        check("-9223372036854775807-1", Ok(i64::MIN));
        check("1/0", Err("divide by zero"));
        check("1+", Err("arithmetic syntax error"));
        check("08", Err("arithmetic syntax error"));
        check("loop", Err("expression recursion loop detected"));
        check(&"(".repeat(10_000), Err("expression recursion loop detected"));
        check(&"-".repeat(10_000), Err("expression recursion loop detected"));
        check(&("1".to_string() + &"+1".repeat(10_000)), Ok(10_001));
    }
}
