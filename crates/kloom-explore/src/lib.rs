//! The chooser's strategies and the schedule token.
//!
//! A schedule is the list of answers to the questions a machine asked, in order. [`Recorder`] wraps a strategy and
//! keeps the answers that were not 0; [`token`] turns them into text that [`token::parse`] reads back and
//! [`Strategy::Replay`] plays. Knows questions and answers, not what a kthread is.
#![forbid(unsafe_code)]

pub mod parallel;
pub mod rng;
pub mod search;
pub mod token;

use std::cell::RefCell;
use std::rc::Rc;

use rng::Rng;

/// How questions are answered.
#[derive(Clone, Debug)]
pub enum Strategy {
    /// Always 0.
    Natural,
    /// Seeded random answers.
    Random {
        /// The seed.
        seed: u64,
    },
    /// The answers of a recorded schedule, then 0.
    Replay(Schedule),
}

/// A recorded schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Whether the run that was recorded asked at every point (a natural run does not).
    pub asks: bool,
    /// The seed, if all answers came from one; `steps` then says the same at length and is not needed.
    pub seed: Option<u64>,
    /// Answers other than 0: how many questions were answered 0 since the one before, and the answer.
    pub steps: Vec<(u64, u32)>,
}

/// A strategy that remembers what it answered. A copy goes on with the same record.
#[derive(Clone, Debug)]
pub struct Recorder {
    strategy: Playing,
    zeros: u64,
    record: Rc<RefCell<Schedule>>,
}

#[derive(Clone, Debug)]
enum Playing {
    Natural,
    Random(Rng),
    Replay { steps: std::vec::IntoIter<(u64, u32)>, next: Option<(u64, u32)>, asks: bool },
}

impl Recorder {
    /// A recorder of `strategy`; the schedule can be read from the handle at any time.
    pub fn new(strategy: Strategy) -> (Recorder, Rc<RefCell<Schedule>>) {
        let record = Rc::new(RefCell::new(Schedule::default()));
        record.borrow_mut().seed = match &strategy {
            Strategy::Random { seed } => Some(*seed),
            Strategy::Replay(schedule) => schedule.seed,
            Strategy::Natural => None,
        };
        let strategy = match strategy {
            Strategy::Natural => Playing::Natural,
            Strategy::Random { seed } => Playing::Random(Rng::new(seed)),
            Strategy::Replay(Schedule { seed: Some(seed), .. }) => Playing::Random(Rng::new(seed)),
            Strategy::Replay(schedule) => {
                let asks = schedule.asks;
                let mut steps = schedule.steps.into_iter();
                let next = steps.next();
                Playing::Replay { steps, next, asks }
            }
        };
        let recorder = Recorder { strategy, zeros: 0, record: Rc::clone(&record) };
        record.borrow_mut().asks = !recorder.is_natural();
        (recorder, record)
    }

    /// Whether every answer is 0 and nobody needs to ask.
    pub fn is_natural(&self) -> bool {
        match &self.strategy {
            Playing::Natural => true,
            Playing::Random(_) => false,
            Playing::Replay { asks, .. } => !asks,
        }
    }

    /// Answers a question with one of `options` alternatives.
    pub fn choose(&mut self, options: u32) -> u32 {
        let answer = match &mut self.strategy {
            Playing::Natural => 0,
            Playing::Random(rng) => {
                // Half of the answers keep the natural course, so that runs get far enough to be interesting.
                let raw = rng.next();
                if raw & 1 == 0 { 0 } else { ((raw >> 1) % u64::from(options)) as u32 }
            }
            Playing::Replay { steps, next, .. } => match next {
                Some((0, answer)) => {
                    let answer = (*answer).min(options - 1);
                    *next = steps.next();
                    answer
                }
                Some((left, _)) => {
                    *left -= 1;
                    0
                }
                None => 0,
            },
        };
        if answer == 0 {
            self.zeros += 1;
        } else {
            self.record.borrow_mut().steps.push((std::mem::take(&mut self.zeros), answer));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::{Recorder, Strategy, token};

    fn play(strategy: Strategy) -> (Vec<u32>, String) {
        let (mut recorder, record) = Recorder::new(strategy);
        let answers = (0..500).map(|i| recorder.choose(2 + i % 5)).collect();
        let text = token::format(&record.borrow());
        (answers, text)
    }

    #[test]
    fn replaying_a_recorded_schedule_gives_the_same_answers_and_token() {
        for seed in 0..50 {
            let (answers, text) = play(Strategy::Random { seed });
            let schedule = token::parse(&text).expect("own token");
            assert_eq!(play(Strategy::Replay(schedule)), (answers, text));
        }
    }

    #[test]
    fn answers_given_one_by_one_replay_like_their_seed() {
        let (mut recorder, record) = Recorder::new(Strategy::Random { seed: 7 });
        let first: Vec<u32> = (0..500).map(|i| recorder.choose(2 + i % 5)).collect();
        let mut listed = record.borrow().clone();
        listed.seed = None;
        let listed = token::parse(&token::format(&listed)).expect("own token");
        assert!(!listed.steps.is_empty());
        assert_eq!(play(Strategy::Replay(listed)).0, first);
    }

    #[test]
    fn damaged_tokens_are_refused() {
        for text in ["", "kl1:", "kl1:0", "kl1:xx", "kl2:00", "kl1:01ff", "kl1:03", "00"] {
            assert!(token::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_natural_schedule_is_all_zero_and_its_token_short() {
        let (answers, text) = play(Strategy::Natural);
        assert!(answers.iter().all(|&answer| answer == 0));
        assert_eq!(text, "kl1:00");
    }
}
