//! The kernel's own watchdogs: hung tasks and soft lockups, with Linux's messages.
//!
//! Behaviour follows Linux 6.1 kernel/hung_task.c and kernel/watchdog.c. Virtual time makes the checks exact: a
//! task in state D is reported once it has slept for the limit, a CPU once one kernel-mode task has kept it for
//! more than 20 s.

use kloom_abi::sched::{TASK_NOLOAD, TASK_UNINTERRUPTIBLE, TASK_WAKEKILL};
use kloom_abi::time::NSEC_PER_SEC;

use crate::Kernel;
use crate::event::Event;
use crate::fault::Fault;
use crate::printk::Level;
use crate::task::{Task, TaskId, TaskKind};

/// How often hung tasks are looked for.
const HUNG_TASK_PERIOD_NS: u64 = 10 * NSEC_PER_SEC;
/// A soft lockup is a CPU kept for longer than this (2 × `watchdog_thresh`).
pub const SOFT_LOCKUP_NS: u64 = 20 * NSEC_PER_SEC;
/// Sleeps in a row at one place that make a task one that polls.
const POLLS: u64 = 50;
/// The watchdog's timer looks every 4 s, so Linux reports 22 s or more.
const SOFT_LOCKUP_REPORT_NS: u64 = 22 * NSEC_PER_SEC;

impl Kernel {
    /// Starts the periodic look at sleeping tasks.
    pub(crate) fn start_watchdogs(&mut self) {
        self.events.add(HUNG_TASK_PERIOD_NS, u8::MAX, Event::HungTaskCheck);
    }

    /// Whether any task sleeps in a way the hung-task watchdog may yet report: if not, an idle machine with no
    /// other event is quiescent.
    pub(crate) fn watchdog_has_subjects(&self) -> bool {
        self.tasks.iter().any(|task| may_hang(task) && !task.hang_reported)
    }

    /// khungtaskd's round.
    pub(crate) fn hung_task_check(&mut self, now_ns: u64) {
        self.events.add(now_ns + HUNG_TASK_PERIOD_NS, u8::MAX, Event::HungTaskCheck);
        self.may_go_round = true;
        let limit_ns = self.config.hang_after_ns;
        let hung: Vec<TaskId> = self
            .tasks
            .iter()
            .filter(|task| {
                !task.hang_reported && may_hang(task) && now_ns.saturating_sub(task.slept_at.time_ns) >= limit_ns
            })
            .map(|task| task.id)
            .collect();
        if self.lasso.is_none() && self.poller.is_none() {
            self.poller = self.polls_for_ever(now_ns, limit_ns);
        }
        for id in hung {
            self.tasks[id].hang_reported = true;
            let (name, pid, since_ns) =
                (self.tasks[id].c.comm_text(), self.tasks[id].pid, self.tasks[id].slept_at.time_ns);
            let secs = limit_ns / NSEC_PER_SEC;
            self.printk(Level::Err, format!("INFO: task {name}:{pid} blocked for more than {secs} seconds."));
            let (taint, release) = (self.taint_text(), self.config.release.clone());
            self.printk(Level::Err, format!("      {taint} {release} #1"));
            self.printk(
                Level::Err,
                "\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.".to_string(),
            );
            self.show_task(id, Level::Info);
            let at = self.tasks[id].slept_at;
            self.report_at(Fault::HungTask { victim: id, since_ns, proved: false }, at);
        }
    }

    /// A task of user space that has slept again and again at one place of a module for `limit_ns`, while nothing else in
    /// the machine can happen: what it looks for will not come.
    fn polls_for_ever(&self, now_ns: u64, limit_ns: u64) -> Option<TaskId> {
        let polls = |task: &crate::task::Task| {
            task.user().is_some_and(|user| user.in_kernel)
                && !task.has_exited()
                && (if task.se.on_rq { task.timed_out } else { task.timeout.is_some() })
                && !task.slept_at.trace.is_empty()
                && task.same_sleep.0 >= POLLS
                && now_ns.saturating_sub(task.same_sleep.1) >= limit_ns
        };
        let id = self.tasks.iter().find(|task| polls(task))?.id;
        self.nothing_else_happens(id).then_some(id)
    }

    /// Whether every other task sleeps without a timeout, and nothing is armed, queued or due but `id`'s own timeout and
    /// this watchdog: what `id` does not do itself is not done.
    pub fn nothing_else_happens(&self, id: TaskId) -> bool {
        let still = |task: &crate::task::Task| {
            task.id == id
                || task.has_exited()
                || matches!(task.kind, TaskKind::Idle)
                || (!task.se.on_rq && task.timeout.is_none())
        };
        let mine = |event: &Event| matches!(event, Event::HungTaskCheck) || *event == Event::Timeout(id);
        self.events.all().all(mine)
            && self.timers.armed().next().is_none()
            && self.workqueues.pending().is_empty()
            && self.workqueues.running().next().is_none()
            && self
                .cpus
                .iter()
                .all(|cpu| cpu.irq_frames.is_empty() && cpu.pending.is_empty() && cpu.deferred.is_empty())
            && self.tasks.iter().all(still)
    }

    /// Reports that a task goes round for ever: see [`Kernel::poller`].
    pub fn report_lasso(&mut self, id: TaskId) {
        self.lasso = Some(id);
        let (since_ns, at) = (self.tasks[id].same_sleep.1, self.tasks[id].slept_at);
        self.report_at(Fault::Livelock { victim: id, since_ns }, at);
    }

    /// A CPU's watchdog is fed: there was an opportunity for its thread to run.
    pub fn watchdog_touch(&mut self, cpu: u32) {
        let c = &mut self.cpus[cpu as usize];
        c.watchdog_since_ns = c.clock_ns;
        c.lockups_reported = 0;
    }

    /// Looks at a busy CPU from its tick.
    pub(crate) fn watchdog_tick(&mut self, cpu: u32) {
        let c = &self.cpus[cpu as usize];
        let kept_ns = c.clock_ns.saturating_sub(c.watchdog_since_ns);
        if kept_ns < SOFT_LOCKUP_REPORT_NS || (c.lockups_reported > 0 && self.locked_up) {
            return;
        }
        let current = c.current;
        let task = &self.tasks[current];
        let user_mode = matches!(&task.kind, TaskKind::User(user) if !user.in_kernel);
        // Under full preemption the watchdog's thread gets its turn and Linux says nothing; but a task that has not given the
        // CPU up for so long that a sleep would count as a hang does not return any more than one that sleeps.
        let silent =
            c.irq_frames.is_empty() && self.config.preempt == crate::sched::Preempt::Full && task.preempt_count == 0;
        if user_mode || (silent && kept_ns < self.config.hang_after_ns) {
            return;
        }
        if self.cpus[cpu as usize].lockups_reported == 0 {
            self.report_soft_lockup(cpu, silent);
        }
        self.locked_up |= kept_ns >= self.config.hang_after_ns;
    }

    /// Prints and reports that the current task of `cpu` does not give the CPU up.
    fn report_soft_lockup(&mut self, cpu: u32, silent: bool) {
        self.cpus[cpu as usize].lockups_reported += 1;
        let c = &self.cpus[cpu as usize];
        let (current, since_ns, now_ns) = (c.current, c.watchdog_since_ns, c.clock_ns);
        let (name, pid) = (self.tasks[current].c.comm_text(), self.tasks[current].pid);
        let secs = now_ns.saturating_sub(since_ns) / NSEC_PER_SEC;
        let hookless = self.hookless.contains(&current);
        if !silent {
            let text = format!("watchdog: BUG: soft lockup - CPU#{cpu} stuck for {secs}s! [{name}:{pid}]");
            self.printk(Level::Emerg, text);
        }
        let mut at = self.event_here();
        if !hookless {
            // The tick found it, so no call of the module says where it is.
            at.trace = crate::site::Trace::one(self.tasks[current].seen_at);
        }
        self.report_at(Fault::SoftLockup { victim: current, since_ns, hookless }, at);
    }
}

impl Kernel {
    /// Prints a task as the hung-task report does (`sched_show_task()`).
    pub fn show_task(&mut self, id: TaskId, level: Level) {
        let task = &self.tasks[id];
        let letter = kloom_abi::sched::state_letter(task.state(), task.c.exit_state.get() as u32);
        let (name, pid, ppid) =
            (task.c.comm_text(), task.pid, self.tasks.get(task.parent).map_or(0, |parent| parent.pid));
        let frames = self.task_frames(task);
        self.printk(
            level,
            format!("task:{name:<15.15} state:{letter} stack:0     pid:{pid:<5} ppid:{ppid:<6} flags:0x00004000"),
        );
        self.printk(level, "Call Trace:".to_string());
        self.printk(level, " <TASK>".to_string());
        self.printk(level, " __schedule+0x34d/0x9e0".to_string());
        self.printk(level, " schedule+0x5a/0xd0".to_string());
        for frame in frames {
            self.printk(level, format!(" {frame}"));
        }
        self.printk(level, " </TASK>".to_string());
    }
}

/// State D without a timeout of its own (TASK_KILLABLE and TASK_IDLE are not looked at).
fn may_hang(task: &Task) -> bool {
    let subject = match task.kind {
        TaskKind::Idle => false,
        TaskKind::System => task.service.is_some(),
        _ => true,
    };
    subject
        && !task.has_exited()
        && !task.se.on_rq
        && task.state() & (TASK_UNINTERRUPTIBLE | TASK_NOLOAD | TASK_WAKEKILL) == TASK_UNINTERRUPTIBLE
}
