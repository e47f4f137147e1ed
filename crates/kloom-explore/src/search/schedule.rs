//! A recorded execution: the choices made, their token, recording and replay.
//!
//! # The token
//! `kl2:` and base64url characters. The bytes are LEB128 numbers and one check byte at the end: how many natural choices
//! come first, then a deviation, then again how many natural choices follow, and so on; natural choices come last. A
//! deviation is a number whose two low bits say what it is: 0 a thread, 1 a thread that preempts, 2 an answer. Threads are
//! written as the (zigzag) difference from the deviating thread before. White space is ignored.

use super::natural::Count;
use super::{Access, Candidate, Ending, Pick, Search, Summary, ThreadId, natural};

/// One choice of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Choice {
    /// The natural thread, or the answer 0.
    Natural,
    /// Another thread.
    Run {
        /// Which one.
        thread: ThreadId,
        /// Whether the thread that ran last could have gone on.
        preempts: bool,
    },
    /// An answer other than 0.
    Answer(u32),
}

/// The choices of an execution, in order. What is beyond its end is natural.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Schedule {
    /// The choices.
    pub choices: Vec<Choice>,
}

/// Orders failing executions by how easy they are to understand.
pub type Complexity = (usize, usize);

/// The most choices a token may stand for.
const MAX_CHOICES: u64 = 1 << 24;

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// It does not start with `kl2:`.
    Prefix,
    /// A character that does not belong there.
    Digits,
    /// It ends inside a number, or a number is out of range.
    Truncated,
    /// The check byte does not fit the rest.
    Check,
    /// It stands for more choices than any execution has.
    TooLong,
}

impl std::fmt::Display for TokenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TokenError::Prefix => "a schedule token starts with `kl2:`",
            TokenError::Digits => "a schedule token is `kl2:` and letters, digits, `-` or `_`",
            TokenError::Truncated => "the schedule token is cut short or damaged",
            TokenError::Check => "the schedule token is damaged: its check byte does not fit",
            TokenError::TooLong => "the schedule token stands for too many choices",
        })
    }
}

impl std::error::Error for TokenError {}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Schedule {
    /// How often a thread was interrupted that could have gone on.
    pub fn preemptions(&self) -> usize {
        self.choices.iter().filter(|choice| matches!(choice, Choice::Run { preempts: true, .. })).count()
    }

    /// Preemptions, then length. Compare schedules by this and then by their choices.
    pub fn complexity(&self) -> Complexity {
        (self.preemptions(), self.choices.len())
    }

    /// Whether this is to be preferred to another execution of the same bug.
    pub fn is_simpler_than(&self, other: &Schedule) -> bool {
        (self.complexity(), self) < (other.complexity(), other)
    }

    /// The token.
    pub fn token(&self) -> String {
        let mut bytes = Vec::new();
        let (mut naturals, mut before) = (0u64, 0i64);
        for &choice in &self.choices {
            let deviation = match choice {
                Choice::Natural => {
                    naturals += 1;
                    continue;
                }
                Choice::Run { thread, preempts } => {
                    let delta = i64::from(thread) - std::mem::replace(&mut before, i64::from(thread));
                    ((delta << 1 ^ delta >> 63) as u64) << 2 | u64::from(preempts)
                }
                Choice::Answer(answer) => u64::from(answer) << 2 | 2,
            };
            put(&mut bytes, std::mem::take(&mut naturals));
            put(&mut bytes, deviation);
        }
        put(&mut bytes, naturals);
        bytes.push(check(&bytes));
        let mut text = String::from("kl2:");
        for chunk in bytes.chunks(3) {
            let word = chunk.iter().fold(0u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
            for nth in 0..=chunk.len() {
                text.push(char::from(DIGITS[(word >> (18 - 6 * nth) & 63) as usize]));
            }
        }
        text
    }

    /// Reads a token.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Schedule, TokenError> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let digits = text.strip_prefix("kl2:").ok_or(TokenError::Prefix)?.as_bytes();
        let mut bytes = Vec::with_capacity(digits.len());
        for chunk in digits.chunks(4) {
            let mut word = 0u32;
            for &digit in chunk {
                let value = DIGITS.iter().position(|&known| known == digit).ok_or(TokenError::Digits)?;
                word = word << 6 | value as u32;
            }
            word <<= 6 * (4 - chunk.len());
            let whole = chunk.len() - 1;
            if whole == 0 || word << (8 * whole) & 0xff_ffff != 0 {
                return Err(TokenError::Truncated);
            }
            bytes.extend_from_slice(&word.to_be_bytes()[1..=whole]);
        }
        let (&last, mut rest) = bytes.split_last().ok_or(TokenError::Truncated)?;
        if check(rest) != last {
            return Err(TokenError::Check);
        }
        let (mut choices, mut before) = (Vec::new(), 0i64);
        loop {
            let naturals = take(&mut rest)?;
            if naturals.saturating_add(choices.len() as u64) >= MAX_CHOICES {
                return Err(TokenError::TooLong);
            }
            choices.resize(choices.len() + naturals as usize, Choice::Natural);
            if rest.is_empty() {
                return Ok(Schedule { choices });
            }
            let deviation = take(&mut rest)?;
            let value = deviation >> 2;
            choices.push(match deviation & 3 {
                2 => match u32::try_from(value) {
                    Ok(answer) if answer > 0 => Choice::Answer(answer),
                    _ => return Err(TokenError::Truncated),
                },
                3 => return Err(TokenError::Truncated),
                preempts => {
                    before = before.wrapping_add((value >> 1) as i64 ^ -((value & 1) as i64));
                    let thread = ThreadId::try_from(before).map_err(|_| TokenError::Truncated)?;
                    Choice::Run { thread, preempts: preempts == 1 }
                }
            });
        }
    }
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.token())
    }
}

impl std::str::FromStr for Schedule {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Schedule, TokenError> {
        Schedule::parse(text)
    }
}

fn check(bytes: &[u8]) -> u8 {
    // Fletcher's sums, folded: sees swapped and changed characters.
    let (mut a, mut b) = (1u32, 0u32);
    for &byte in bytes {
        a = (a + u32::from(byte)) % 251;
        b = (b + a) % 251;
    }
    (a ^ b.rotate_left(3)) as u8
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take(rest: &mut &[u8]) -> Result<u64, TokenError> {
    let mut value = 0u64;
    for shift in (0..63).step_by(7) {
        let (&byte, tail) = rest.split_first().ok_or(TokenError::Truncated)?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            // One text for one number: no zeros at the end of it.
            return if byte == 0 && shift > 0 { Err(TokenError::Truncated) } else { Ok(value) };
        }
    }
    Err(TokenError::Truncated)
}

/// A search that remembers the choices of the running (or the last) execution.
#[derive(Clone, Debug, Default)]
pub struct Recorder<S> {
    inner: S,
    last: Option<ThreadId>,
    schedule: Schedule,
}

impl<S: Search> Recorder<S> {
    /// A recorder around a search.
    pub fn new(inner: S) -> Recorder<S> {
        Recorder { inner, last: None, schedule: Schedule::default() }
    }

    /// The choices so far of the execution under way, or all those of the one that ended last.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The search inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The search inside, to be told something.
    pub fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The search inside, alone.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Search> Search for Recorder<S> {
    fn begin(&mut self) -> Option<()> {
        self.inner.begin()?;
        self.last = None;
        self.schedule.choices.clear();
        Some(())
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        let pick = self.inner.pick(candidates);
        if let Pick::Run(index) = pick {
            let Candidate { thread, preempts, .. } = candidates[index];
            let expected = index == natural(candidates, self.last);
            self.schedule.choices.push(if expected { Choice::Natural } else { Choice::Run { thread, preempts } });
        }
        pick
    }

    fn stepped(&mut self, thread: ThreadId, accesses: &[Access]) {
        self.last = Some(thread);
        self.inner.stepped(thread, accesses);
    }

    fn choose(&mut self, options: u32) -> u32 {
        let answer = self.inner.choose(options);
        self.schedule.choices.push(if answer == 0 { Choice::Natural } else { Choice::Answer(answer) });
        answer
    }

    fn blocked(&mut self, thread: ThreadId, wants: Access) {
        self.inner.blocked(thread, wants);
    }

    fn end(&mut self, ending: Ending) {
        self.inner.end(ending);
    }

    fn summary(&self) -> Summary {
        self.inner.summary()
    }
}

/// One execution: that of a schedule. Where the program does not offer what the schedule says, the natural choice is
/// made, and [`Summary::diverged`] says so.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    schedule: Schedule,
    at: usize,
    last: Option<ThreadId>,
    begun: bool,
    diverged: bool,
    count: Count,
}

impl Replay {
    /// Replays a schedule once.
    pub fn new(schedule: Schedule) -> Replay {
        Replay { schedule, ..Replay::default() }
    }

    fn next(&mut self) -> Choice {
        let choice = self.schedule.choices.get(self.at).copied().unwrap_or(Choice::Natural);
        self.at += 1;
        choice
    }
}

impl Search for Replay {
    fn begin(&mut self) -> Option<()> {
        let first = !std::mem::replace(&mut self.begun, true);
        (self.at, self.last) = (0, None);
        first.then_some(())
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        let wanted = match self.next() {
            Choice::Natural => return Pick::Run(natural(candidates, self.last)),
            Choice::Run { thread, .. } => candidates.iter().position(|candidate| candidate.thread == thread),
            Choice::Answer(_) => None,
        };
        self.diverged |= wanted.is_none();
        Pick::Run(wanted.unwrap_or_else(|| natural(candidates, self.last)))
    }

    fn stepped(&mut self, thread: ThreadId, _: &[Access]) {
        self.last = Some(thread);
    }

    fn choose(&mut self, options: u32) -> u32 {
        match self.next() {
            Choice::Natural => 0,
            Choice::Answer(answer) if answer < options => answer,
            _ => {
                self.diverged = true;
                0
            }
        }
    }

    fn end(&mut self, ending: Ending) {
        self.diverged |= self.at < self.schedule.choices.len();
        self.count.add(ending);
    }

    fn summary(&self) -> Summary {
        Summary { diverged: self.diverged, ..self.count.summary(true) }
    }
}
