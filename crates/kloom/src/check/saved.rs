//! The state of a check: one search in which no call is made to fail, and with `--faults` one for each call that can.
//!
//! It can be written to a file at any time, gone on with, and merged with those of other shares of the same check. A file is a
//! line of JSON that says of which form it is, and then bytes: trees are large, and written often.

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::path::Path;

use kloom_explore::parallel::{NotTheSame, Outcome, State};
use kloom_explore::search::{Ending, Schedule, Strategy, Summary};

use super::{How, Subject};

/// A function, and which calls of it fail.
pub type Rule = (String, Vec<u64>);

/// What a check leaves out by its nature, so that states of checks with other ones do not mix.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Within {
    /// Which executions are run.
    pub strategy: Strategy,
    /// Bounds of the reduction that the portfolio begins with.
    pub preemptions: Option<u32>,
    /// The same.
    pub delays: Option<u32>,
    /// Each single call that can fail is made to fail, too.
    pub faults: bool,
    /// Shares that it is cut into.
    pub shares: usize,
}

impl std::fmt::Display for Within {
    /// The flags that say so.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--strategy {}", self.strategy)?;
        for (flag, bound) in [("preemptions", self.preemptions), ("delays", self.delays)] {
            if let Some(bound) = bound {
                write!(f, " --{flag} {bound}")?;
            }
        }
        f.write_str(if self.faults { " --faults" } else { "" })
    }
}

/// How a share of a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Share {
    /// It is under way, or was killed.
    Open,
    /// Its time was up.
    Late,
    /// It came to its end.
    Done,
}

/// The state of a check, or of some shares of it.
#[derive(Debug, PartialEq, serde::Deserialize)]
pub struct Saved {
    /// The number of what is checked, as [`Subject::identity`] has it.
    pub subject: u64,
    /// What it leaves out.
    pub within: Within,
    /// Executions of all shares, at most.
    pub executions: u64,
    /// The shares that this is the state of, counted from 0.
    pub shares: BTreeMap<usize, Share>,
    /// The calls that can fail.
    pub rules: Vec<Rule>,
    /// The search without failing calls, then one for each rule.
    pub searches: Vec<State>,
}

/// Why a state is not one to go on with, or to merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It is of another module, scenario or machine.
    Subject,
    /// It is within other bounds, as these flags say.
    Within(String),
    /// It is of another share.
    Share(usize, usize),
    /// It was allowed more executions.
    Executions(u64),
    /// It cannot be of the same module, although everything says so.
    Parts(NotTheSame),
}

impl Saved {
    /// The form of files that this version reads and writes.
    pub const FORM: u32 = 5;

    pub(super) fn new(subject: &Subject, how: &How) -> Saved {
        Saved {
            subject: subject.identity(),
            within: how.within(),
            executions: how.executions,
            shares: BTreeMap::new(),
            rules: Vec::new(),
            searches: vec![State::default()],
        }
    }

    /// Why a check cannot go on with this.
    pub fn misfit(&self, subject: &Subject, how: &How) -> Option<Misfit> {
        let (share, of) = how.share;
        if self.subject != subject.identity() {
            return Some(Misfit::Subject);
        }
        if let Some(&other) = self.shares.keys().find(|&&other| other != share || self.within.shares != of) {
            return Some(Misfit::Share(other, self.within.shares));
        }
        if self.within != how.within() {
            return Some(Misfit::Within(self.within.to_string()));
        }
        (self.executions > how.executions).then_some(Misfit::Executions(self.executions))
    }

    /// Takes over what other shares have done.
    ///
    /// # Errors
    /// They are not of the same check.
    pub fn merge(&mut self, other: Saved) -> Result<(), Misfit> {
        if self.subject != other.subject {
            return Err(Misfit::Subject);
        }
        if self.within.shares != other.within.shares {
            return Err(Misfit::Share(other.shares.keys().next().copied().unwrap_or(0), other.within.shares));
        }
        if self.within != other.within {
            return Err(Misfit::Within(other.within.to_string()));
        }
        // One that ended before it began its searches knows no rules.
        if self.rules.is_empty() {
            self.rules = other.rules;
        } else if !other.rules.is_empty() && self.rules != other.rules {
            return Err(Misfit::Parts(NotTheSame));
        }
        self.searches.resize_with(self.rules.len() + 1, State::default);
        for (search, other) in self.searches.iter_mut().zip(other.searches) {
            search.merge(other).map_err(Misfit::Parts)?;
        }
        self.executions = self.executions.max(other.executions);
        for (share, ended) in other.shares {
            let known = self.shares.entry(share).or_insert(ended);
            *known = ended.max(*known);
        }
        Ok(())
    }

    /// The shares, counted from 1, that ended so; `None`: that this is not the state of.
    pub(super) fn shares_that(&self, ended: Option<Share>) -> Vec<usize> {
        (0..self.within.shares)
            .filter(|share| self.shares.get(share).copied() == ended)
            .map(|share| share + 1)
            .collect()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(path: &Path) -> Result<Saved, String> {
        let path_told = path.display();
        let text = std::fs::read(path).map_err(|error| format!("cannot read {path_told}: {error}"))?;
        let no_state = |error: &dyn std::fmt::Display| format!("{path_told} is no state of a check: {error}");
        let end = text.iter().position(|&byte| byte == b'\n').unwrap_or(text.len());
        let (head, body) = text.split_at(end);
        let head: Head = serde_json::from_slice(head).map_err(|error| no_state(&error))?;
        if head.form != Saved::FORM {
            return Err(format!(
                "{path_told} was written by another version of kloom (form {}; this one reads {}): remove it and check anew",
                head.form,
                Saved::FORM
            ));
        }
        if head.sum != sum(body) {
            return Err(format!("{path_told} is damaged: remove it and check anew"));
        }
        postcard::from_bytes(body.get(1..).unwrap_or_default()).map_err(|error| no_state(&error))
    }

    /// This, while none of its searches is under way.
    pub fn kept(&self) -> Kept<'_> {
        Kept { saved: self, now: None }
    }
}

/// What a file begins with, on a line of its own, whatever its form.
#[derive(serde::Serialize, serde::Deserialize)]
struct Head {
    #[serde(default)]
    form: u32,
    /// Of the rest of the file.
    #[serde(default)]
    sum: u64,
}

fn sum(body: &[u8]) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write(body);
    hasher.finish()
}

/// The state of a check one of whose searches is under way.
#[derive(Clone, Copy)]
pub struct Kept<'k> {
    pub(super) saved: &'k Saved,
    /// Which one, and how far it is.
    pub(super) now: Option<(usize, &'k State)>,
}

/// [`Saved`], as it is written.
#[derive(serde::Serialize)]
struct Written<'k> {
    subject: u64,
    within: &'k Within,
    executions: u64,
    shares: &'k BTreeMap<usize, Share>,
    rules: &'k [Rule],
    searches: Vec<&'k State>,
}

impl Kept<'_> {
    fn searches(&self) -> Vec<&State> {
        let mut searches: Vec<&State> = self.saved.searches.iter().collect();
        if let Some((at, now)) = self.now {
            searches[at] = now;
        }
        searches
    }

    /// What all searches have done.
    pub fn summary(&self) -> Summary {
        let mut all = Summary { exhausted: true, estimate: Some(0.0), ..Summary::default() };
        let mut begun = false;
        for search in self.searches() {
            let Summary { estimate, .. } = all;
            let summary = search.outcome().summary;
            all.add(&summary);
            if summary.executions + summary.abandoned > 0 {
                begun = true;
            } else {
                // How much there is in all is told of the searches that have begun.
                all.estimate = estimate;
            }
            if let Some(beforehand) = &search.beforehand {
                all.add(&beforehand.summary);
            }
        }
        all.estimate = all.estimate.filter(|_| begun);
        all
    }

    /// Writes a file so that a reader, or a later run after the power has failed, finds the old one or the new one.
    ///
    /// # Errors
    /// The file cannot be written; in words.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let told = |error: &dyn std::fmt::Display| format!("cannot write {}: {error}", path.display());
        let &Saved { subject, ref within, executions, ref shares, ref rules, .. } = self.saved;
        let written = Written { subject, within, executions, shares, rules, searches: self.searches() };
        let mut body = postcard::to_extend(&written, vec![b'\n']).map_err(|error| told(&error))?;
        let head = Head { form: Saved::FORM, sum: sum(&body) };
        let mut text = serde_json::to_vec(&head).map_err(|error| told(&error))?;
        text.append(&mut body);
        let mut beside = path.as_os_str().to_os_string();
        beside.push(".new");
        std::fs::write(&beside, text).map_err(|error| told(&error))?;
        std::fs::rename(&beside, path).map_err(|error| told(&error))
    }
}

/// What came of an execution that was run before a search.
pub(super) fn beforehand(ending: Ending) -> Outcome {
    let mut outcome = Outcome {
        summary: Summary { executions: 1, exhausted: true, estimate: Some(0.0), ..Summary::default() },
        ..Outcome::default()
    };
    match ending {
        Ending::Bug(signature) => {
            outcome.summary.bugs = 1;
            outcome.failed(signature, Schedule::default());
        }
        Ending::Cut => {
            outcome.summary.cut = 1;
            outcome.summary.bounds.steps = true;
        }
        Ending::Ok | Ending::Abandoned => {}
    }
    outcome
}
