//! How a run ended: findings, limits, what kloom lacks.

use kloom_diag::{End, Finding, Limit, LimitKind, Outcome, Unsupported, UnsupportedKind};
use kloom_kernel::task::{Task, TaskKind};
use kloom_shim::Machine;

use crate::{Ended, Session};

/// Most lines of the machine's state kept for a run that reached a limit.
const STATE_MAX: usize = 64;

impl Session {
    /// What the run has to tell. `subject` is what was run, as the summary names it.
    pub fn outcome(&mut self, ended: &Ended, subject: &str) -> Outcome {
        let unsupported = self.shared().borrow().unsupported.first().cloned();
        let limits = self.limits().clone();
        let (machine, story) = self.machine_and_story();
        let sleepers = story.sleepers(machine, ended);
        let mut findings = story.finish(machine, ended);
        // A symbol of another module that was inserted too late is no gap of kloom's.
        let unsupported =
            unsupported.filter(|(_, name)| machine.images.iter().all(|(_, image)| image.symbol_addr(name).is_none()));
        let virtual_ns = machine.kernel.cpus.iter().map(|cpu| cpu.clock_ns).max().unwrap_or(0);
        let end = match ended {
            Ended::StepLimit => limit(machine, LimitKind::Steps, limits.max_steps),
            Ended::TimeLimit => limit(machine, LimitKind::VirtualTime, limits.max_time_ns),
            // The scenario waits for what cannot come, and no finding says why: that is no clean end.
            Ended::Stuck if findings.iter().all(|finding| finding.severity != kloom_diag::Severity::Error) => {
                limit(machine, LimitKind::Asleep, 0)
            }
            Ended::Interrupted => limit(machine, LimitKind::Interrupted, 0),
            Ended::OutputLimit => limit(machine, LimitKind::Output, limits.max_output),
            Ended::Done(_) | Ended::Stuck | Ended::Hung | Ended::Panicked | Ended::PoweredOff => match unsupported {
                Some((module, name)) => End::Unsupported(Unsupported {
                    what: UnsupportedKind::Function,
                    hint: Some(format!("`{module}.ko` could not be inserted: \"Unknown symbol {name} (err -2)\"")),
                    name,
                    site: None,
                }),
                None => End::Completed,
            },
        };
        let lost: Vec<Finding> = sleepers
            .into_iter()
            .filter(|&(task, _)| self.wakes_for_good(task))
            .map(|(_, told)| Finding::new(told))
            .collect();
        if !lost.is_empty() {
            // Who waits for such a sleeper hangs because of that.
            findings.retain(|finding| !super::is_hang(&finding.fault));
            findings.extend(lost);
        }
        self.add_replay(&mut findings);
        Outcome { subject: subject.to_string(), findings, end, wall_ns: None, virtual_ns, explored: None }
    }

    /// Errors that depend on the schedule say how to see them again; natural choices repeat by themselves.
    fn add_replay(&self, findings: &mut [Finding]) {
        if self.is_natural() {
            return;
        }
        let token = self.token();
        for finding in findings.iter_mut().filter(|finding| finding.severity != kloom_diag::Severity::Note) {
            finding.replay = Some(format!("--replay {token}"));
        }
    }
}

fn limit(machine: &Machine, which: LimitKind, value: u64) -> End {
    let state = machine
        .kernel
        .tasks
        .iter()
        .filter(|task| !matches!(task.kind, TaskKind::Idle | TaskKind::System) && !task.has_exited() && task.pid != 1)
        .take(STATE_MAX)
        .map(|task| state_line(machine, task))
        .collect();
    End::Limit(Limit { which, value, state })
}

/// One task in one line: name, pid, state, where.
fn state_line(machine: &Machine, task: &Task) -> String {
    let letter = kloom_abi::sched::state_letter(task.state(), task.c.exit_state.get() as u32);
    let wchan = task.blocked_on.wchan();
    let doing = if wchan == "0" { "running".to_string() } else { format!("in {wchan}()") };
    let at = task.slept_at.trace.0[0];
    let place = if at != 0 && machine.locate(at).is_some() {
        format!(", {}", machine.symbolic(at.saturating_sub(1)))
    } else {
        String::new()
    };
    format!("{} (pid {}), state {letter}, {doing}{place}", task.name(), task.pid)
}
