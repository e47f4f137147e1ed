//! Random programs: reduction sees all that brute force sees, and nothing twice.

mod toy;

use kloom_explore::search::{Dfs, Dpor, Limits};
use proptest::prelude::*;
use toy::random::program;
use toy::{brute_force, run, run_tree};

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reduction_sees_every_final_state_and_every_trace_once(program in program()) {
        let Some((finals, traces)) = brute_force(&program, 20_000) else { return Ok(()) };
        let seen = run(&program, &mut Dpor::new(Limits::default()), 1_000_000);
        prop_assert!(seen.summary.exhausted && !seen.summary.diverged);
        prop_assert_eq!(&seen.finals, &finals);
        let missed: Vec<_> = traces.difference(&seen.traces).collect();
        prop_assert!(missed.is_empty(), "{:?}", missed);
        prop_assert!(seen.summary.executions == traces.len() as u64 || !program.is_plain());
        for (jobs, window) in [(1, 1), (2, 4), (3, 32)] {
            let (shared, state) = run_tree(&program, Limits::default(), jobs, window);
            prop_assert!(shared.summary.exhausted && !shared.summary.diverged, "{:?} {jobs} {window}", shared.summary);
            prop_assert_eq!(&shared.finals, &finals);
            prop_assert_eq!(&shared.traces, &traces);
            prop_assert!(shared.summary.executions == traces.len() as u64 || !program.is_plain());
            prop_assert_eq!(run_tree(&program, Limits::default(), 1, window).1, state);
        }
        let dfs = run(&program, &mut Dfs::new(Limits::default()), 1_000_000);
        prop_assert!(dfs.summary.exhausted && !dfs.summary.diverged);
        prop_assert_eq!(&dfs.finals, &finals);
    }
}
