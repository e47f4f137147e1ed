//! The schedule token: `kl1:` and hexadecimal bytes. The first byte holds flags (bit 0: the run asked at every point;
//! bit 1: all answers come from the seed that follows as a LEB128 number, and nothing else does); then, for each answer that was not 0, two LEB128 numbers: how many zeros came before, and the answer.
//! White space in the text is ignored.

use crate::Schedule;

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// It does not start with `kl1:`.
    Prefix,
    /// A character that is no hexadecimal digit, or an odd number of them.
    Digits,
    /// It ends inside a number, or a number is too large.
    Truncated,
}

impl std::fmt::Display for TokenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TokenError::Prefix => {
                "a schedule token starts with `kl1:` (one that starts with `kl2:` is for `kloom replay`)"
            }
            TokenError::Digits => "a schedule token is `kl1:` and hexadecimal digits, two for each byte",
            TokenError::Truncated => "the schedule token is cut short or damaged",
        })
    }
}

/// The text of a schedule.
pub fn format(schedule: &Schedule) -> String {
    let mut bytes = vec![u8::from(schedule.asks) | u8::from(schedule.seed.is_some()) << 1];
    if let Some(seed) = schedule.seed {
        put(&mut bytes, seed);
    }
    let steps = if schedule.seed.is_some() { &[][..] } else { &schedule.steps[..] };
    for &(zeros, answer) in steps {
        put(&mut bytes, zeros);
        put(&mut bytes, u64::from(answer));
    }
    let mut text = String::from("kl1:");
    for byte in bytes {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Reads a token.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Schedule, TokenError> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = text.strip_prefix("kl1:").ok_or(TokenError::Prefix)?;
    let nibbles: Vec<u8> =
        digits.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>().ok_or(TokenError::Digits)?;
    if !nibbles.len().is_multiple_of(2) || nibbles.is_empty() {
        return Err(TokenError::Digits);
    }
    let bytes: Vec<u8> = nibbles.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    let mut rest = &bytes[1..];
    let seed = if bytes[0] & 2 != 0 { Some(take(&mut rest)?) } else { None };
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let zeros = take(&mut rest)?;
        let answer = u32::try_from(take(&mut rest)?).map_err(|_| TokenError::Truncated)?;
        steps.push((zeros, answer));
    }
    Ok(Schedule { asks: bytes[0] & 1 != 0, seed, steps })
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

fn take(rest: &mut &[u8]) -> Result<u64, TokenError> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, tail) = rest.split_first().ok_or(TokenError::Truncated)?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(TokenError::Truncated)
}
