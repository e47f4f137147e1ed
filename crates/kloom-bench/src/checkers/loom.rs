//! loom: exhaustive, with its own reduction, under the C11 memory model.

use ::loom as tool;

use super::{Counter, End, Limit, Program, Seen, panics};
use crate::clock;

#[path = "programs.rs"]
#[expect(clippy::duplicate_mod, reason = "one source for all tools")]
pub mod programs;

#[path = "std_face.rs"]
#[expect(clippy::duplicate_mod, reason = "one source for both tools of this kind")]
mod face;

/// Explores everything.
pub fn explore(program: Program, limit: Limit) -> Seen {
    let counter = Counter::default();
    let body = counter.wrap(program);
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 100_000;
    builder.max_permutations = usize::try_from(limit.executions).ok();
    builder.max_duration = Some(limit.wall);
    // Limits are looked at as often as this.
    builder.checkpoint_interval = 100;
    builder.checkpoint_file = None;
    let (time, failed) = clock::time(|| panics(|| builder.check(body)));
    let executions = counter.count();
    let end = match failed {
        true => End::Failed,
        false if executions >= limit.executions || time >= limit.wall => End::Limit,
        false => End::Exhausted,
    };
    Seen { executions, time, end }
}
