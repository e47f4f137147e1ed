//! One finding for each code, each about a small C module of its own. The goldens and the reachability test use them.

use std::collections::BTreeMap;

use kloom_diag::{
    Access, AccessKind, AtomicCause, Backtrace, BadUnlock, Blocked, Boundary, Context, Coverage, Event, Fault, Finding,
    Held, InvalidFree, LeakedBlocks, ListDamage, LockEdge, LoopSeen, Object, ObjectKind, OopsKind, OrderKind, Proof,
    RefcountMisuse, Site, Step, TextUser, UseState, Who, WorkLeft,
};

/// A finding with the source it talks about.
pub(crate) struct Sample {
    /// Name of the golden file.
    pub(crate) name: &'static str,
    /// The finding.
    pub(crate) finding: Finding,
    /// Its sources.
    pub(crate) sources: BTreeMap<String, String>,
}

/// A C file to point into.
struct Lab {
    file: &'static str,
    text: &'static str,
}

const SECOND: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;

impl Lab {
    /// Finds the line that contains `needle`; `function` is not looked up.
    fn site(&self, needle: &str, function: &str) -> Site {
        let index = self.text.lines().position(|line| line.contains(needle));
        let line = index.unwrap_or_else(|| panic!("`{needle}` is in {}", self.file)) as u32 + 1;
        Site::new(self.file, line, function, self.file.trim_end_matches(".c"))
    }

    fn event(&self, who: &Who, time_ns: u64, needle: &str, function: &str, call: &str) -> Event {
        Event::new(who.clone(), time_ns, Some(self.site(needle, function)), call)
    }

    fn sample(&self, name: &'static str, fault: Fault) -> Sample {
        let mut finding = Finding::new(fault);
        finding.replay = Some(format!("kloom run {} --replay kl1:04a1", self.file));
        Sample { name, finding, sources: BTreeMap::from([(self.file.to_owned(), self.text.to_owned())]) }
    }
}

fn rmmod() -> Who {
    Who::task("rmmod", 412, 0)
}

fn insmod() -> Who {
    Who::task("insmod", 400, 0)
}

fn object(kind: ObjectKind, name: &str, size: u64) -> Object {
    Object::new(kind, name, size)
}

fn unload(time_ns: u64) -> Event {
    Event::new(rmmod(), time_ns, None, "")
}

/// Returns a sample for each code, in the order of the registry, and some variants.
pub(crate) fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    threads(&mut samples);
    waiting(&mut samples);
    memory(&mut samples);
    broken(&mut samples);
    crashes(&mut samples);
    locks(&mut samples);
    atomic(&mut samples);
    leaks(&mut samples);
    left(&mut samples);
    notes(&mut samples);
    samples
}

fn threads(out: &mut Vec<Sample>) {
    let lab = Lab {
        file: "heartbeat.c",
        text: "\
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

static struct task_struct *task;

static int beat(void *unused)
{
\tint n = 0;

\twhile (1) {
\t\tpr_info(\"beat %d\\n\", n++);
\t\tmsleep(1000);
\t}
\treturn 0;
}

static int __init heartbeat_init(void)
{
\ttask = kthread_run(beat, NULL, \"heartbeat\");
\treturn PTR_ERR_OR_ZERO(task);
}

static void __exit heartbeat_exit(void)
{
\tkthread_stop(task);
}
",
    };
    let thread = Who::task("heartbeat", 409, 1);
    let created = lab.event(&insmod(), 10 * MS, "kthread_run(beat", "heartbeat_init", "kthread_run");
    let mut stopper = lab.event(&rmmod(), 5 * SECOND, "kthread_stop(task)", "heartbeat_exit", "kthread_stop");
    stopper.backtrace = Backtrace(vec![
        Site::kernel("wait_for_completion"),
        Site::kernel("kthread_stop"),
        lab.site("kthread_stop(task)", "heartbeat_exit"),
        Site::kernel("__do_sys_delete_module"),
    ]);
    let asleep = lab.event(&thread, 124 * SECOND, "msleep(1000)", "beat", "msleep");
    out.push(lab.sample(
        "kthread-stop-hang",
        Fault::KthreadStopHang {
            stopper,
            thread: thread.clone(),
            created: Some(created.clone()),
            looping: Some(LoopSeen { site: lab.site("while (1)", "beat"), rounds: 119 }),
            now_at: Some(asleep.clone()),
            next_wake_ns: Some(125 * SECOND + 500 * MS),
            should_stop_calls: 0,
            seen_ns: 125 * SECOND,
            proof: Proof::Bounded { limit_ns: 120 * SECOND },
        },
    ));
    out.push(lab.sample(
        "module-text-in-use",
        Fault::ModuleTextInUse {
            module: "heartbeat".to_owned(),
            user: TextUser::Thread,
            object: object(ObjectKind::Task, "heartbeat", 0),
            created: Some(created.clone()),
            unloaded: unload(5 * SECOND),
            used: lab.event(&thread, 5 * SECOND + 400 * MS, "msleep(1000)", "beat", "msleep"),
        },
    ));
    out.push(lab.sample(
        "leak-thread",
        Fault::LeakThread { thread: thread.clone(), created: created.clone(), unloaded: unload(5 * SECOND) },
    ));
    out.push(lab.sample(
        "signal-ignored",
        Fault::SignalIgnored {
            thread: thread.clone(),
            signal: "SIGKILL".to_owned(),
            sent: Event::new(Who::task("kill", 415, 0), 3 * SECOND, None, ""),
            created: Some(created.clone()),
        },
    ));
    out.push(lab.sample(
        "thread-never-woken",
        Fault::ThreadNeverWoken {
            thread: thread.clone(),
            created,
            stopped: Some(lab.event(&rmmod(), 5 * SECOND, "kthread_stop(task)", "heartbeat_exit", "kthread_stop")),
        },
    ));
    oneshot(out);
    error_pointer(out);
}

fn oneshot(out: &mut Vec<Sample>) {
    let lab = Lab {
        file: "oneshot.c",
        text: "\
static struct task_struct *worker;

static int work_once(void *unused)
{
\tpr_info(\"done\\n\");
\treturn 0;
}

static int __init oneshot_init(void)
{
\tworker = kthread_run(work_once, NULL, \"oneshot\");
\treturn PTR_ERR_OR_ZERO(worker);
}

static void __exit oneshot_exit(void)
{
\tkthread_stop(worker);
}
",
    };
    let thread = Who::task("oneshot", 413, 1);
    let created = lab.event(&insmod(), 5 * MS, "kthread_run", "oneshot_init", "kthread_run");
    let exited = lab.event(&thread, 10 * MS, "return 0;", "work_once", "");
    let stopped = lab.event(&rmmod(), 2 * SECOND, "kthread_stop", "oneshot_exit", "kthread_stop");
    let mut sample = lab.sample(
        "use-after-free",
        Fault::UseAfterFree {
            object: object(ObjectKind::Task, "oneshot", 0),
            created: Some(created.clone()),
            freed: Event { time_ns: 14 * MS, ..exited.clone() },
            used: Access::new(stopped.clone(), AccessKind::Call, 0, 0),
            offset: 0,
            references_taken: 0,
        },
    );
    sample.finding.coverage =
        Some(Coverage { execution: 2, executions: 2, strategy: "dfs".to_owned(), exhaustive: true });
    out.push(sample);
    out.push(lab.sample("stop-exited-thread", Fault::StopExitedThread { thread, created, exited, stopped }));
}

fn error_pointer(out: &mut Vec<Sample>) {
    let lab = Lab {
        file: "nullcheck.c",
        text: "\
static int __init nullcheck_init(void)
{
\tstruct task_struct *t = kthread_create(fn, NULL, \"nullcheck\");

\tif (t == NULL)
\t\treturn -ENOMEM;
\twake_up_process(t);
\treturn 0;
}
",
    };
    out.push(lab.sample(
        "err-ptr-misuse",
        Fault::ErrPtrMisuse {
            returned: lab.event(&insmod(), MS, "kthread_create", "nullcheck_init", "kthread_create"),
            errno: 12,
            used: lab.event(&insmod(), 2 * MS, "wake_up_process", "nullcheck_init", "wake_up_process"),
            null_check: Some(lab.site("if (t == NULL)", "nullcheck_init")),
        },
    ));
}

fn waiting(out: &mut Vec<Sample>) {
    let lab = Lab {
        file: "eventd.c",
        text: "\
static DECLARE_WAIT_QUEUE_HEAD(events);
static int ready;

static int eventd(void *unused)
{
\twhile (!kthread_should_stop()) {
\t\twait_event(events, ready);
\t\tready = 0;
\t}
\treturn 0;
}

static int by_hand(void *unused)
{
\tif (!ready) {
\t\tset_current_state(TASK_INTERRUPTIBLE);
\t\tschedule();
\t}
\treturn 0;
}

static void notify(void)
{
\tready = 1;
\twake_up(&events);
}

static void __exit eventd_exit(void)
{
\tkthread_stop(task);
}
",
    };
    let thread = Who::task("eventd", 410, 1);
    let queue = object(ObjectKind::WaitQueue, "events", 24);
    out.push(lab.sample(
        "kthread-stop-lost-wakeup",
        Fault::KthreadStopLostWakeup {
            stopper: lab.event(&rmmod(), 5 * SECOND, "kthread_stop(task)", "eventd_exit", "kthread_stop"),
            thread: thread.clone(),
            created: None,
            wait: lab.event(&thread, SECOND, "wait_event(", "eventd", "wait_event"),
            on: Some(queue.clone()),
            wakeups: 1,
            proof: Proof::Proved,
        },
    ));
    let waker = lab.event(&Who::task("sh", 300, 0), 3 * SECOND, "wake_up(&events)", "notify", "wake_up");
    let sleeper = Blocked {
        since: lab.event(&thread, 3 * SECOND + 2_000, "schedule();", "by_hand", "schedule"),
        state: 'S',
        on: None,
        owner: None,
        holds: Vec::new(),
    };
    out.push(lab.sample(
        "missed-wakeup",
        Fault::MissedWakeup {
            tested: Some(lab.event(&thread, 3 * SECOND - 1_000, "if (!ready)", "by_hand", "")),
            waker: waker.clone(),
            state_set: lab.event(&thread, 3 * SECOND + 1_000, "set_current_state", "by_hand", "set_current_state"),
            sleeper: sleeper.clone(),
            proof: Proof::Proved,
        },
    ));
    out.push(lab.sample(
        "lost-wakeup",
        Fault::LostWakeup {
            waker,
            sleeper: Blocked { on: Some(queue), ..sleeper },
            proof: Proof::Bounded { limit_ns: 120 * SECOND },
        },
    ));
}

fn memory(out: &mut Vec<Sample>) {
    let lab = Lab {
        file: "heap.c",
        text: "\
struct item { int id; char name[60]; };
static char table[16];
static DEFINE_MUTEX(good);
static struct mutex lock;

static int use(struct item *item)
{
\titem = kmalloc(sizeof(*item), GFP_KERNEL);
\tkfree(item);
\titem->id = 7;
\tkfree(item);
\ttable[i] = 1;
\titem->name[60] = 0;
\tkfree(table);
\tkfree(item + 1);
\tvfree(item);
\tmutex_lock(&lock);
\tp->id = 3;
\t*wild = 4;
\treturn buf[0];
}

static int deep(int n)
{
\tchar big[4096];

\treturn deep(n + 1);
}
",
    };
    let me = Who::task("heap", 420, 1);
    let block = object(ObjectKind::HeapBlock, "", 64);
    let created = lab.event(&me, SECOND, "kmalloc", "use", "kmalloc");
    let freed = lab.event(&me, 2 * SECOND, "kfree(item);", "use", "kfree");
    let access = |needle, kind, size, address| {
        let event = lab.event(&me, 3 * SECOND, needle, "use", "");
        Access::new(event, kind, size, address)
    };
    out.push(lab.sample(
        "use-after-free-heap",
        Fault::UseAfterFree {
            object: block.clone(),
            created: Some(created.clone()),
            freed: freed.clone(),
            used: access("item->id = 7", AccessKind::Write, 4, 0xffff_8880_0000_1000),
            offset: 0,
            references_taken: 0,
        },
    ));
    out.push(lab.sample(
        "use-after-free-stack",
        Fault::UseAfterFree {
            object: object(ObjectKind::Stack, "heap", 16384),
            created: None,
            freed: freed.clone(),
            used: access("p->id = 3", AccessKind::Read, 8, 0xffff_c900_0000_1000),
            offset: 512,
            references_taken: 0,
        },
    ));
    out.push(lab.sample(
        "out-of-bounds",
        Fault::OutOfBounds {
            object: block.clone(),
            created: Some(created.clone()),
            used: access("item->name[60]", AccessKind::Write, 1, 0xffff_8880_0000_1040),
            offset: 64,
        },
    ));
    out.push(lab.sample(
        "out-of-bounds-global",
        Fault::OutOfBounds {
            object: object(ObjectKind::ModuleData, "table", 16).declared_at(lab.site("static char table", "")),
            created: None,
            used: access("table[i] = 1", AccessKind::Write, 1, 0xffff_ffff_c000_0fff),
            offset: -1,
        },
    ));
    out.push(lab.sample(
        "double-free",
        Fault::DoubleFree {
            object: block.clone(),
            created: Some(created.clone()),
            freed: freed.clone(),
            again: Event { site: Some(Site::new("heap.c", 11, "use", "heap")), ..freed.clone() },
        },
    ));
    let frees = |needle, call| lab.event(&me, 3 * SECOND, needle, "use", call);
    out.push(lab.sample(
        "invalid-free",
        Fault::InvalidFree {
            freed: frees("kfree(table)", "kfree"),
            address: 0xffff_ffff_c000_1000,
            why: InvalidFree::NotHeap {
                object: Some(
                    object(ObjectKind::ModuleData, "table", 16).declared_at(lab.site("static char table", "")),
                ),
            },
        },
    ));
    out.push(lab.sample(
        "invalid-free-inside",
        Fault::InvalidFree {
            freed: frees("kfree(item + 1)", "kfree"),
            address: 0xffff_8880_0000_1040,
            why: InvalidFree::Inside { object: block.clone(), offset: 64, created: created.clone() },
        },
    ));
    out.push(lab.sample(
        "invalid-free-function",
        Fault::InvalidFree {
            freed: frees("vfree(item)", "vfree"),
            address: 0xffff_8880_0000_1000,
            why: InvalidFree::WrongFunction { object: block, created },
        },
    ));
    out.push(lab.sample(
        "uninit-object",
        Fault::UninitObject {
            object: object(ObjectKind::Mutex, "lock", 32).declared_at(lab.site("static struct mutex lock", "")),
            used: frees("mutex_lock(&lock)", "mutex_lock"),
        },
    ));
    pointers(out, &lab, &me);
}

fn pointers(out: &mut Vec<Sample>, lab: &Lab, me: &Who) {
    let access = |needle, kind, size, address| {
        let event = lab.event(me, 3 * SECOND, needle, "use", "");
        Access::new(event, kind, size, address)
    };
    out.push(lab.sample(
        "null-deref",
        Fault::NullDeref {
            used: access("p->id = 3", AccessKind::Write, 4, 8),
            pointer: Some("p".to_owned()),
            returned: Some(lab.event(me, SECOND, "kmalloc", "use", "kmalloc")),
        },
    ));
    out.push(lab.sample(
        "wild-access",
        Fault::WildAccess { used: access("*wild = 4", AccessKind::Write, 4, 0x6b6b_6b6b_6b6b_6b6b) },
    ));
    out.push(lab.sample(
        "user-access",
        Fault::UserAccess {
            used: access("return buf[0]", AccessKind::Read, 1, 0x7fff_0000_1000),
            pointer: Some("buf".to_owned()),
        },
    ));
    out.push(lab.sample(
        "kernel-stack-overflow",
        Fault::KernelStackOverflow {
            at: lab.event(me, 3 * SECOND, "char big[4096]", "deep", ""),
            size_bytes: 16384,
            frames: vec![("deep".to_owned(), 4144), ("use".to_owned(), 96)],
            recursion: Some(4),
        },
    ));
    out.push(lab.sample(
        "stack-smashed",
        Fault::StackSmashed {
            at: lab.event(me, 3 * SECOND, "return deep", "deep", ""),
            written: Some(access("table[i] = 1", AccessKind::Write, 1, 0xffff_c900_0000_1000)),
        },
    ));
}

fn broken(out: &mut Vec<Sample>) {
    let lab = Lab {
        file: "lists.c",
        text: "\
static void drop(struct item *item)
{
\tlist_del(&item->node);
\trefcount_dec(&item->refs);
\tlist_del(&item->node); /* again */
}
",
    };
    let me = Who::task("lists", 430, 0);
    out.push(lab.sample(
        "bad-list",
        Fault::BadList {
            at: Event::new(me.clone(), 2 * SECOND, Some(Site::new("lists.c", 5, "drop", "lists")), "list_del"),
            damage: ListDamage::AlreadyDeleted,
            object: None,
            earlier: Some(lab.event(&me, SECOND, "list_del", "drop", "list_del")),
        },
    ));
    out.push(lab.sample(
        "refcount-misuse",
        Fault::RefcountMisuse {
            object: object(ObjectKind::Refcount, "refs", 4),
            misuse: RefcountMisuse::Underflow,
            at: lab.event(&me, SECOND, "refcount_dec", "drop", "refcount_dec"),
            earlier: None,
        },
    ));
}

fn crashes(out: &mut Vec<Sample>) {
    let lab = Lab {
        file: "crash.c",
        text: "\
static int crash(int n)
{
\tBUG_ON(n < 0);
\tWARN_ON(n > 3);
\tif (n == 2)
\t\tpanic(\"no more %d\", n);
\tfor (;;)
\t\tcount++;
\treturn 10 / n;
}
",
    };
    let me = Who::task("insmod", 440, 1);
    let event = |needle, call| lab.event(&me, SECOND, needle, "crash", call);
    out.push(lab.sample("oops", Fault::Oops { kind: OopsKind::DivideError, at: event("10 / n", ""), address: None }));
    out.push(lab.sample(
        "oops-jump",
        Fault::Oops { kind: OopsKind::JumpToNowhere, at: event("count++", ""), address: Some(0xdead_beef) },
    ));
    out.push(lab.sample("bug-on", Fault::BugOn { at: event("BUG_ON", "BUG_ON"), condition: Some("n < 0".to_owned()) }));
    out.push(lab.sample(
        "warn-on",
        Fault::WarnOn { at: event("WARN_ON", "WARN_ON"), condition: Some("n > 3".to_owned()), message: None },
    ));
    out.push(lab.sample("panic", Fault::Panic { at: event("panic(", "panic"), message: "no more 2".to_owned() }));
    out.push(lab.sample(
        "soft-lockup",
        Fault::SoftLockup {
            at: event("count++", ""),
            busy_ns: 22 * SECOND,
            looping: Some(LoopSeen { site: lab.site("for (;;)", "crash"), rounds: 4_000_000 }),
            preempt_disabled: false,
        },
    ));
    let spinner = |pid, comm: &str, needle: &'static str, call: &'static str| Blocked {
        since: Event { who: Who::task(comm, pid, 0), ..event(needle, call) },
        state: 'R',
        on: None,
        owner: None,
        holds: Vec::new(),
    };
    out.push(lab.sample(
        "livelock",
        Fault::Livelock {
            tasks: vec![spinner(1, "polite/0", "count++", ""), spinner(2, "polite/1", "for (;;)", "")],
            busy_ns: 10 * SECOND,
            lasso: false,
            asleep: Vec::new(),
            whole: false,
        },
    ));
}

fn locks(out: &mut Vec<Sample>) {
    let lab = Lab {
        file: "abba.c",
        text: "\
static DEFINE_MUTEX(a);
static DEFINE_MUTEX(b);
static int hits;

static int first(void *unused)
{
\tmutex_lock(&a);
\tmutex_lock(&b);
\thits++;
\tmutex_unlock(&b);
\treturn 0;
}

static int second(void *unused)
{
\tmutex_lock(&b); /* other order */
\tmutex_lock(&a); /* other order */
\tmutex_unlock(&a);
\treturn 0;
}
",
    };
    let one = Who::task("first", 501, 0);
    let two = Who::task("second", 502, 1);
    let (a, b) = (object(ObjectKind::Mutex, "a", 32), object(ObjectKind::Mutex, "b", 32));
    let line = |who: &Who, time_ns, line, function| {
        Event::new(who.clone(), time_ns, Some(Site::new("abba.c", line, function, "abba")), "mutex_lock")
    };
    let held = |object: &Object, acquired| Held { object: object.clone(), acquired };
    let blocked = |since: Event, on: &Object, owner: Event, holds: Held| Blocked {
        since,
        state: 'D',
        on: Some(on.clone()),
        owner: Some(owner),
        holds: vec![holds],
    };
    let one_a = line(&one, SECOND, 7, "first");
    let one_b = line(&one, 2 * SECOND, 8, "first");
    let two_b = line(&two, SECOND + MS, 16, "second");
    let two_a = line(&two, 2 * SECOND + MS, 17, "second");
    out.push(lab.sample(
        "deadlock",
        Fault::Deadlock {
            tasks: vec![
                blocked(one_b.clone(), &b, two_b.clone(), held(&a, one_a.clone())),
                blocked(two_a.clone(), &a, one_a.clone(), held(&b, two_b.clone())),
            ],
            proof: Proof::Proved,
        },
    ));
    out.push(lab.sample(
        "hung-task",
        Fault::HungTask {
            task: blocked(one_b.clone(), &b, two_b.clone(), held(&a, one_a.clone())),
            blocked_ns: 120 * SECOND,
            proof: Proof::Bounded { limit_ns: 120 * SECOND },
        },
    ));
    out.push(lab.sample(
        "self-deadlock",
        Fault::SelfDeadlock { object: a.clone(), acquired: one_a.clone(), again: one_b.clone(), from_interrupt: false },
    ));
    out.push(lab.sample(
        "self-deadlock-interrupt",
        Fault::SelfDeadlock {
            object: object(ObjectKind::Spinlock, "s", 4),
            acquired: one_a.clone(),
            again: Event { who: Who { context: Context::Softirq, ..one.clone() }, ..one_b.clone() },
            from_interrupt: true,
        },
    ));
    out.push(lab.sample(
        "lock-order",
        Fault::LockOrder {
            order: OrderKind::Circle,
            edges: vec![
                LockEdge { held: held(&a, one_a.clone()), wanted: held(&b, one_b.clone()) },
                LockEdge { held: held(&b, two_b.clone()), wanted: held(&a, two_a.clone()) },
            ],
        },
    ));
    out.push(lab.sample(
        "lock-held-at-exit",
        Fault::LockHeldAtExit {
            at: lab.event(&one, 3 * SECOND, "return 0;", "first", ""),
            boundary: Boundary::ThreadExit,
            held: vec![held(&a, one_a.clone())],
        },
    ));
    out.push(lab.sample(
        "bad-unlock",
        Fault::BadUnlock {
            object: a.clone(),
            at: lab.event(&two, 3 * SECOND, "mutex_unlock(&a)", "second", "mutex_unlock"),
            why: BadUnlock::NotOwner { acquired: one_a },
        },
    ));
    race(out, &lab, one, two);
}

fn race(out: &mut Vec<Sample>, lab: &Lab, one: Who, two: Who) {
    let hits = |who: &Who, time_ns, kind| {
        Access::new(lab.event(who, time_ns, "hits++", "first", ""), kind, 4, 0xffff_ffff_c000_2000)
    };
    let step = |thread, what: &str, remark: &str| Step { thread, what: what.to_owned(), remark: remark.to_owned() };
    let mut sample = lab.sample(
        "data-race",
        Fault::DataRace {
            object: object(ObjectKind::ModuleData, "hits", 4).declared_at(lab.site("static int hits", "")),
            first: hits(&one, SECOND, AccessKind::Read),
            second: hits(&two, SECOND + MS, AccessKind::Write),
            ordered_by: None,
            threads: vec!["first (cpu0)".to_owned(), "second (cpu1)".to_owned()],
            steps: vec![
                step(0, "load  hits -> 0", ""),
                step(1, "load  hits -> 0", ""),
                step(1, "store hits <- 1", ""),
                step(0, "store hits <- 1", "one increment is lost"),
            ],
        },
    );
    sample.finding.repeats = 7;
    sample.finding.coverage =
        Some(Coverage { execution: 3, executions: 7, strategy: "pct, depth 3".to_owned(), exhaustive: false });
    out.push(sample);
}

fn atomic(out: &mut Vec<Sample>) {
    let lab = Lab {
        file: "atomic.c",
        text: "\
static int atomic(char __user *to)
{
\tspin_lock(&lock);
\tp = kmalloc(64, GFP_KERNEL);
\tmsleep(10);
\tcopy_to_user(to, p, 64);
\tspin_unlock(&lock);
\tpreempt_disable();
\treturn 0;
}
",
    };
    let me = Who::task("atomic", 510, 0);
    let event = |time_s, needle, call| lab.event(&me, time_s * SECOND, needle, "atomic", call);
    let why = AtomicCause::Spinlock {
        held: vec![Held {
            object: object(ObjectKind::Spinlock, "lock", 4),
            acquired: event(1, "spin_lock(", "spin_lock"),
        }],
    };
    out.push(lab.sample(
        "sleep-in-atomic",
        Fault::SleepInAtomic { slept: event(1, "kmalloc", "kmalloc"), why: why.clone(), really: false },
    ));
    out.push(lab.sample(
        "sleep-in-atomic-really",
        Fault::SleepInAtomic { slept: event(1, "msleep", "msleep"), why: AtomicCause::Softirq, really: true },
    ));
    out.push(lab.sample(
        "user-copy-in-atomic",
        Fault::UserCopyInAtomic { copied: event(1, "copy_to_user", "copy_to_user"), why },
    ));
    out.push(lab.sample(
        "unbalanced-preempt",
        Fault::UnbalancedPreempt {
            at: event(2, "return 0", ""),
            boundary: Boundary::InitReturn,
            missing: "preemption".to_owned(),
            depth: 1,
            disabled: Some(event(1, "preempt_disable", "preempt_disable")),
        },
    ));
}

/// Objects the kernel still uses, and what stays registered.
fn left(out: &mut Vec<Sample>) {
    let lab = Lab {
        file: "left.c",
        text: "\
static int __init left_init(void)
{
\tdev = kzalloc(sizeof(*dev), GFP_KERNEL);
\tINIT_DELAYED_WORK(&dev->poll, poll);
\tschedule_delayed_work(&dev->poll, HZ);
\tcall_rcu(&old->rcu, free_old);
\tmisc_register(&misc);
\tprepare_to_wait(&queue, &wait, TASK_INTERRUPTIBLE);
\tkfree(dev);
\ttimer_setup(&timer, tick, 0);
\tmod_timer(&timer, jiffies + HZ);
\tcomplete(reply);
\titem = kmem_cache_alloc(cache, GFP_KERNEL);
\tkmem_cache_destroy(cache);
\tdown(&lock);
\tup(&lock);
\twait_event_interruptible(queue, opened);
\treturn 0;
}
",
    };
    let event = |needle, call| lab.event(&insmod(), MS, needle, "left_init", call);
    let unloaded = || unload(5 * SECOND);
    let work = |state| Fault::LeakWork {
        object: object(ObjectKind::Work, "poller", 0),
        function: "poll".to_owned(),
        queued: event("schedule_delayed_work", "schedule_delayed_work"),
        state,
        unloaded: unloaded(),
    };
    out.push(lab.sample("leak-work", work(WorkLeft::Delayed { expires_ns: 6 * SECOND })));
    out.push(lab.sample("leak-work-queued", work(WorkLeft::Queued)));
    out.push(lab.sample("leak-work-running", work(WorkLeft::Running)));
    out.push(lab.sample(
        "leak-callback",
        Fault::LeakCallback {
            object: object(ObjectKind::RcuCallback, "free_old", 0),
            function: "free_old".to_owned(),
            queued: event("call_rcu", "call_rcu"),
            unloaded: unloaded(),
        },
    ));
    out.push(lab.sample(
        "leak-registration",
        Fault::LeakRegistration {
            object: object(ObjectKind::MiscDevice, "demo", 0),
            created: event("misc_register", "misc_register"),
            unloaded: unloaded(),
        },
    ));
    let entry = |frame_gone| Fault::WaitEntryLeft {
        queue: object(ObjectKind::WaitQueue, "queue", 0),
        queued: event("prepare_to_wait", "prepare_to_wait"),
        at: unloaded(),
        frame_gone,
    };
    out.push(lab.sample("wait-entry-left", entry(true)));
    out.push(lab.sample("wait-entry-left-unload", entry(false)));
    out.push(lab.sample(
        "freed-in-use",
        Fault::FreedInUse {
            block: object(ObjectKind::HeapBlock, "", 200),
            created: event("kzalloc", "kzalloc"),
            object: object(ObjectKind::Work, "dev->poll", 0),
            state: UseState::Queued,
            since: event("schedule_delayed_work", "schedule_delayed_work"),
            freed: event("kfree", "kfree"),
        },
    ));
    out.push(lab.sample(
        "reinit-in-use",
        Fault::ReinitInUse {
            object: object(ObjectKind::Timer, "timer", 0),
            state: UseState::Armed,
            since: event("mod_timer", "mod_timer"),
            again: event("timer_setup", "timer_setup"),
        },
    ));
    out.push(lab.sample(
        "use-after-return",
        Fault::UseAfterReturn {
            object: object(ObjectKind::Completion, "reply", 0),
            used: event("complete", "complete"),
        },
    ));
    out.push(lab.sample(
        "cache-objects-left",
        Fault::CacheObjectsLeft {
            cache: object(ObjectKind::KmemCache, "demo_cache", 0),
            blocks: vec![LeakedBlocks {
                object: object(ObjectKind::SlabObject, "demo_cache", 64),
                created: event("kmem_cache_alloc", "kmem_cache_alloc"),
                count: 1,
                bytes: 64,
            }],
            destroyed: event("kmem_cache_destroy", "kmem_cache_destroy"),
        },
    ));
    out.push(lab.sample(
        "double-registration",
        Fault::DoubleRegistration {
            object: object(ObjectKind::MiscDevice, "demo", 0),
            first: Some(event("misc_register", "misc_register")),
            again: event("misc_register", "misc_register"),
        },
    ));
    let semaphore = |count, needle| Fault::SemaphoreImbalance {
        object: object(ObjectKind::Semaphore, "lock", 0),
        initial: 1,
        count,
        last: Some(event(needle, needle)),
        unloaded: unloaded(),
    };
    out.push(lab.sample("semaphore-imbalance", semaphore(0, "down")));
    out.push(lab.sample("semaphore-imbalance-up", semaphore(2, "up")));
    out.push(lab.sample(
        "sleeps-forever",
        Fault::SleepsForever {
            task: Blocked {
                since: event("wait_event_interruptible", "wait_event_interruptible"),
                state: 'S',
                on: Some(object(ObjectKind::WaitQueue, "queue", 0)),
                owner: None,
                holds: Vec::new(),
            },
        },
    ));
}

fn leaks(out: &mut Vec<Sample>) {
    let lab = Lab {
        file: "leaky.c",
        text: "\
static int __init leaky_init(void)
{
\tbuffer = kmalloc(100, GFP_KERNEL);
\tname = kstrdup(\"leaky\", GFP_KERNEL);
\tproc_create(\"leaky\", 0444, NULL, &ops);
\tmod_timer(&timer, jiffies + HZ);
\tget_task_struct(current);
\ttry_module_get(THIS_MODULE);
\treturn 0;
}
",
    };
    let event = |needle, call| lab.event(&insmod(), MS, needle, "leaky_init", call);
    let blocks = |needle, call, size, count| LeakedBlocks {
        object: object(ObjectKind::HeapBlock, "", size),
        created: event(needle, call),
        count,
        bytes: size * count,
    };
    out.push(lab.sample(
        "leak-memory",
        Fault::LeakMemory {
            blocks: vec![blocks("kmalloc(", "kmalloc", 100, 1), blocks("kstrdup", "kstrdup", 6, 3)],
            unloaded: unload(5 * SECOND),
        },
    ));
    out.push(lab.sample(
        "leak-proc-entry",
        Fault::LeakProcEntry {
            path: "/proc/leaky".to_owned(),
            created: event("proc_create", "proc_create"),
            unloaded: unload(5 * SECOND),
        },
    ));
    out.push(lab.sample(
        "leak-timer",
        Fault::LeakTimer {
            object: object(ObjectKind::Timer, "timer", 40),
            armed: event("mod_timer", "mod_timer"),
            expires_ns: 6 * SECOND,
            unloaded: unload(5 * SECOND),
        },
    ));
    out.push(lab.sample(
        "leak-reference",
        Fault::LeakReference {
            object: object(ObjectKind::Task, "insmod", 0),
            taken: event("get_task_struct", "get_task_struct"),
            count: 1,
            unloaded: unload(5 * SECOND),
        },
    ));
    out.push(lab.sample(
        "module-in-use",
        Fault::ModuleInUse {
            module: "leaky".to_owned(),
            tried: unload(5 * SECOND),
            references: 1,
            holders: vec![event("try_module_get", "try_module_get")],
        },
    ));
    out.push(lab.sample(
        "module-stuck",
        Fault::ModuleStuck {
            module: "leaky".to_owned(),
            state: "going".to_owned(),
            cause: lab.event(&rmmod(), 5 * SECOND, "return 0;", "leaky_init", ""),
        },
    ));
    out.push(lab.sample(
        "module-unload-with-open-file",
        Fault::ModuleUnloadWithOpenFile {
            module: "leaky".to_owned(),
            path: "/proc/leaky".to_owned(),
            opened: Event::new(Who::task("cat", 411, 1), SECOND, None, ""),
            unloaded: unload(5 * SECOND),
        },
    ));
}

fn notes(out: &mut Vec<Sample>) {
    let lab = Lab {
        file: "old.c",
        text: "\
static int\u{a0}__init old_init(void)
{
\tprintk(\"%f\\n\", x);
\tinit_timer(&timer);
\tmissing_semicolon()
\treturn -19;
}
MODULE_LICENSE(\"Proprietary\");
",
    };
    let event = |needle, call| lab.event(&insmod(), MS, needle, "old_init", call);
    out.push(lab.sample(
        "init-failed",
        Fault::InitFailed { module: "old".to_owned(), errno: 19, at: event("return -19", ""), strange: false },
    ));
    out.push(lab.sample(
        "init-failed-strange",
        Fault::InitFailed { module: "old".to_owned(), errno: 5, at: event("return -19", ""), strange: true },
    ));
    out.push(lab.sample(
        "bad-format",
        Fault::BadFormat { at: event("printk", "printk"), format: "%f\n".to_owned(), conversion: "%f".to_owned() },
    ));
    out.push(lab.sample(
        "removed-api",
        Fault::RemovedApi {
            call: "init_timer()".to_owned(),
            removed_in: "4.15".to_owned(),
            replacement: "`timer_setup()`".to_owned(),
            site: lab.site("init_timer", "old_init"),
        },
    ));
    out.push(
        lab.sample("nbsp", Fault::Nbsp { site: lab.site("old_init(void)", "").at_column(11), count: 1, lines: 1 }),
    );
    out.push(lab.sample(
        "compile-error",
        Fault::CompileError {
            message: "expected ';' before 'return'".to_owned(),
            site: Some(lab.site("missing_semicolon", "")),
            hint: Some("the statement before ends without `;`".to_owned()),
        },
    ));
    out.push(lab.sample(
        "missing-license",
        Fault::MissingLicense {
            module: "old".to_owned(),
            license: Some("Proprietary".to_owned()),
            site: Some(lab.site("MODULE_LICENSE", "")),
        },
    ));
}
