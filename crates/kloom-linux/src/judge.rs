//! A case of the suite, judged: does kloom show what Linux showed?

use crate::capture::{Capture, Case};
use crate::compare::{self, Difference};
use crate::known::{Entry, Known};
use crate::outcome::Outcome;

/// What became of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Differences without a reason.
    pub unexplained: Vec<Difference>,
    /// Differences with the reason they are there.
    pub explained: Vec<(Difference, Entry)>,
    /// Entries about this case that explain nothing any more.
    pub stale: Vec<Entry>,
}

impl Judged {
    /// Whether kloom shows exactly what Linux showed.
    pub fn agrees(&self) -> bool {
        self.unexplained.is_empty() && self.explained.is_empty()
    }

    fn of(case: &str, differences: Vec<Difference>, known: &Known) -> Self {
        let mut judged = Self::default();
        for difference in differences {
            match known.entry(case, &difference) {
                Some(entry) => judged.explained.push((difference, entry.clone())),
                None => judged.unexplained.push(difference),
            }
        }
        let used = |entry: &&Entry| !judged.explained.iter().any(|(_, by)| by == *entry);
        judged.stale = known.entries.iter().filter(|entry| entry.case == case).filter(used).cloned().collect();
        judged
    }
}

/// Judges `case` by what `run` shows: first with no seed, which is the natural schedule, then with the seeds from 1 to
/// `seeds` until one of them shows what `capture` holds.
///
/// # Errors
/// Those of `run`.
pub fn judge<E>(
    case: &Case,
    capture: &Capture,
    known: &Known,
    seeds: u64,
    mut run: impl FnMut(Option<u64>) -> Result<Outcome, E>,
) -> Result<Judged, E> {
    let mut best: Option<Judged> = None;
    for seed in std::iter::once(None).chain((1..=seeds).map(Some)) {
        let judged = Judged::of(&case.name, compare::compare(capture, &run(seed)?), known);
        let over = judged.unexplained.is_empty();
        if best.as_ref().is_none_or(|best| judged.unexplained.len() < best.unexplained.len()) {
            best = Some(judged);
        }
        if over {
            break;
        }
    }
    Ok(best.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::capture::{Capture, Case, CaseSettings};
    use crate::known::Known;
    use crate::{CommandOutcome, Ending, Outcome};

    fn outcome(message: &str) -> Outcome {
        let command = CommandOutcome { dmesg: vec![message.to_owned()], status: Some(0), ..CommandOutcome::default() };
        Outcome { ending: Ending::Ok, commands: vec![command] }
    }

    fn case() -> Case {
        Case {
            name: "a".into(),
            dir: "a".into(),
            settings: CaseSettings::default(),
            script: String::new(),
            sources: Vec::new(),
        }
    }

    #[test]
    fn seeds_are_tried_until_one_fits() {
        let capture = Capture { provenance: Vec::new(), outcome: outcome("right") };
        let known = Known::default();
        let mut tried = Vec::new();
        let judged = judge::<()>(&case(), &capture, &known, 5, |seed| {
            tried.push(seed);
            Ok(outcome(if seed == Some(2) { "right" } else { "wrong" }))
        });
        assert!(judged.expect("never fails").agrees());
        assert_eq!(tried, [None, Some(1), Some(2)]);
        let judged = judge::<()>(&case(), &capture, &known, 1, |_| Ok(outcome("wrong"))).expect("never fails");
        assert_eq!(judged.unexplained.len(), 2);
    }

    #[test]
    fn known_differences_are_explained_and_unused_entries_told() {
        let capture = Capture { provenance: Vec::new(), outcome: outcome("right") };
        let text =
            "[[difference]]\ncase='a'\ntext='only'\nreason='r'\n[[difference]]\ncase='a'\ntext='x'\nreason='r'\n";
        let known = Known::read(text, "t").expect("well formed");
        let judged = judge::<()>(&case(), &capture, &known, 0, |_| Ok(outcome("wrong"))).expect("never fails");
        assert!(judged.unexplained.is_empty() && !judged.agrees());
        assert_eq!((judged.explained.len(), judged.stale.len()), (2, 1));
    }
}
