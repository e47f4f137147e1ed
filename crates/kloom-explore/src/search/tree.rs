//! One exploration tree shared by all who run executions.
//!
//! [`Tree`] owns what is left to explore. It hands out [`Job`]s: the way to a node, the branch to take there, who sleeps, and
//! the rest of the wakeup tree behind that branch. Whoever is free runs the one execution with [`Dpor::attend`](super::Dpor::attend) and gives
//! back a [`Report`]: what happened from the node on, and the races that have to be reversed at nodes of the tree. Reports
//! are taken in the order in which the jobs were handed out, whoever is ready first.
//!
//! # Why the result does not depend on who runs what
//! Up to a fixed number of jobs are under way. The next one is chosen when a report is taken, so all that it depends on are the
//! reports before: the order of reports is that of the jobs, and a job is a function of the tree at that moment.
//!
//! # Why it stays optimal, and complete
//! The sequential search finishes a branch before it takes the next one at the same node; until then, what has to be run
//! because of the first goes into the wakeup tree from which the next ones are taken. Here a branch is taken while earlier
//! ones are under way. What they find afterwards goes to where it would have gone: a reversed sequence walks down the tree as
//! explored so far, along branches that it can begin with, as it would walk down the wakeup tree that they were made from,
//! and becomes a wakeup sequence where it leaves what was explored. So an explored subtree stays until all that comes before
//! it in the order of branches is finished. To keep little, the first branch in that order is taken whenever there is a choice.
//!
//! Branches that were taken before the one that an execution goes along count as seen, finished or not, as they do when they
//! are finished: what is explored behind them does not depend on those after them.
//!
//! What has to be known of a sleeper is what its step really touches *at this node*. A branch knows only what it touched
//! where it was seen (the second step of a race can be another one when it comes first). Therefore at one node a branch is
//! taken only when the first execution of the branch before it has been reported, and those of its step's other internal
//! choices; sequences that could begin with a branch that is not yet known wait for it. What this costs is little: branches
//! at other nodes go on meanwhile.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::dpor::Part;
use super::job::{Asleep, Job, Order, Report, UNREAL, settles};
use super::natural::Count;
use super::segment::Segment;
use super::trace::NONE;
use super::wakeup::{ALL, Answer, Forest, Key, Steps, Waiting, Why, asked_for, key};
use super::{Access, DROPS_PER_EXECUTION, Limits, Summary, ThreadId};

/// A branch taken at a node.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Group {
    thread: ThreadId,
    /// Until it is reported, what it touched where it was seen.
    accesses: Vec<Access>,
    key: Key,
    reported: bool,
    /// Internal choices that were not tried yet, the next one last.
    others: Vec<Vec<Answer>>,
    running: u32,
    /// The segments behind it, each with the key of its internal choices.
    behind: Vec<(Key, u64)>,
}

/// A branch all of whose steps are known, and the segments behind it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Taken {
    asleep: Arc<Asleep>,
    behind: Vec<(Key, u64)>,
}

/// A node at which more than one branch is known.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Node {
    /// Branches in the order in which they were taken; the first is how the node's segment goes on.
    taken: Vec<Taken>,
    /// The newest branch, if not all of it is known yet.
    group: Option<Group>,
    /// Sequences that the newest branch seems to begin: what is behind it is not known yet.
    waiting: Vec<Waiting>,
    wakeup: Option<u32>,
    busy: bool,
    ready: bool,
}

impl Node {
    /// The segments that go on from here, in order.
    fn behind(&self) -> impl Iterator<Item = u64> {
        let newest = self.group.iter().flat_map(|group| &group.behind);
        self.taken.iter().flat_map(|taken| &taken.behind).chain(newest).map(|&(_, number)| number)
    }
}

/// A segment in the tree.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Limb {
    segment: Arc<Segment>,
    parent: u64,
    /// Which of the branches at its node it is behind.
    index: usize,
    nodes: BTreeMap<usize, Node>,
    /// Nodes of it and of what is behind it where something is left or under way, and those where a branch can be taken now.
    busy: u64,
    ready: u64,
}

/// What is left to explore of a part.
#[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Tree {
    part: Part,
    limits: Limits,
    window: usize,
    limbs: BTreeMap<u64, Limb>,
    forest: Forest,
    flying: VecDeque<Arc<Order>>,
    begun: bool,
    /// Reports taken; a segment has the number of its report.
    now: u64,
    /// The segment where all that comes before is finished, and something of it or behind it is not.
    front: u64,
    count: Count,
    diverged: bool,
}

/// Nodes that changed.
type Touched = BTreeSet<(u64, usize)>;

/// The number of the segment that begins the tree.
const ROOT: u64 = 1;

/// The way from the root to a step, as it is known to whoever takes a report.
struct Path<'r> {
    /// Which segment each step is of, and the segments with their numbers.
    of: Vec<u32>,
    limbs: Vec<(u64, Arc<Segment>)>,
    /// Steps before the first segment.
    from: usize,
    report: &'r Report,
}

impl Path<'_> {
    fn segment(&self, depth: usize) -> &Segment {
        &self.limbs[self.of[depth - self.from] as usize].1
    }

    /// The number of the segment that the node at this depth belongs to.
    fn owner(&self, depth: usize) -> u64 {
        let nth = if depth > self.from { self.of[depth - 1 - self.from] } else { 0 };
        self.limbs[nth as usize].0
    }

    /// The number of the segment that goes on from this node, if one does.
    fn through(&self, depth: usize) -> Option<u64> {
        self.of.get(depth - self.from).map(|&nth| self.limbs[nth as usize].0)
    }
}

impl Steps for Path<'_> {
    fn thread(&self, step: u32) -> ThreadId {
        match step.checked_sub(UNREAL) {
            Some(nth) => self.report.unreal[nth as usize].0,
            None => self.segment(step as usize).thread(step as usize),
        }
    }

    fn accesses(&self, step: u32) -> &[Access] {
        match step.checked_sub(UNREAL) {
            Some(nth) => &self.report.unreal[nth as usize].1,
            None => self.segment(step as usize).accesses(step as usize),
        }
    }

    fn answers(&self, step: u32) -> &[Answer] {
        if step >= UNREAL { &[] } else { self.segment(step as usize).answers(step as usize) }
    }
}

/// Internal choices that have to be made beside these ones, the next one last.
fn other_answers(answers: &[Answer]) -> Vec<Vec<Answer>> {
    let mut others = Vec::new();
    for (at, answer) in answers.iter().enumerate().filter(|(_, answer)| !answer.fixed) {
        for value in (answer.value + 1..answer.options).rev() {
            let mut other: Vec<Answer> = answers[..=at].iter().map(|&a| Answer { fixed: true, ..a }).collect();
            other[at].value = value;
            others.push(other);
        }
    }
    others
}

impl Tree {
    /// The tree of a part, of which nothing is known yet. At most `window` executions are under way at once.
    pub fn new(part: Part, limits: Limits, window: usize) -> Tree {
        Tree { part, limits, window: window.max(1), ..Tree::default() }
    }

    /// The part it is of.
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// The limits it is explored within.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Sets how many executions may be run in all, from the first.
    pub fn allow(&mut self, executions: Option<u64>) {
        self.limits.executions = executions;
    }

    /// Executions so far.
    pub fn executions(&self) -> u64 {
        self.count.executions
    }

    /// Reports taken so far.
    pub fn reports(&self) -> u64 {
        self.now
    }

    /// How many pieces of it are kept: ways on from nodes where something is left, or may come to be.
    pub fn segments(&self) -> usize {
        self.limbs.len()
    }

    /// Jobs that were handed out and not reported yet, as after a restart.
    pub fn under_way(&self) -> Vec<Job> {
        self.flying.iter().map(|order| self.job(Arc::clone(order))).collect()
    }

    fn may_begin(&self) -> bool {
        let flying = self.flying.len() as u64;
        self.flying.len() < self.window
            && self.limits.executions.is_none_or(|most| {
                let drops = most.saturating_mul(DROPS_PER_EXECUTION);
                self.count.executions + flying < most && self.count.abandoned + flying < drops
            })
    }

    /// The next job, if there is one that can be run now.
    pub fn next_job(&mut self) -> Option<Job> {
        if !self.may_begin() {
            return None;
        }
        let order = if self.begun { self.take()? } else { Order { at: self.part.steps.len(), ..Order::default() } };
        self.begun = true;
        let order = Arc::new(order);
        self.flying.push_back(Arc::clone(&order));
        Some(self.job(order))
    }

    /// Whether nothing is left to be run or reported.
    pub fn is_empty(&self) -> bool {
        self.begun && self.flying.is_empty() && self.limbs.get(&ROOT).is_none_or(|root| root.ready == 0)
    }

    /// The first node, in the order in which the sequential search goes through them, at which a branch can be taken.
    fn first_ready(&self) -> Option<(u64, usize)> {
        let ready = |number: u64| self.limbs.get(&number).filter(|limb| limb.ready > 0);
        let mut number = if self.limbs.contains_key(&self.front) { self.front } else { ROOT };
        while ready(number).is_none() {
            number = self.limbs.get(&number)?.parent;
        }
        'limb: loop {
            for (&at, node) in ready(number)?.nodes.iter().rev() {
                if let Some(behind) = node.behind().find(|&behind| behind != number && ready(behind).is_some()) {
                    number = behind;
                    continue 'limb;
                }
                if node.ready {
                    return Some((number, at));
                }
            }
            return None;
        }
    }

    /// Takes a branch.
    fn take(&mut self) -> Option<Order> {
        let (number, at) = self.first_ready()?;
        let limb = self.limbs.get_mut(&number)?;
        let node = limb.nodes.get_mut(&at)?;
        let mut forest = Forest::default();
        let branch = match &mut node.group {
            Some(group) if !group.others.is_empty() => {
                let answers = group.others.pop().unwrap_or_default();
                group.running += 1;
                forest.plant(group.thread, &group.accesses, &answers)
            }
            _ => {
                let wanted = node.wakeup?;
                let branch = self.forest.get(wanted);
                let (thread, children, next) = (branch.thread, branch.children, branch.next);
                let planted = forest.plant(thread, &branch.accesses, &branch.answers);
                node.group = Some(Group {
                    thread,
                    accesses: branch.accesses.clone(),
                    key: asked_for(&branch.answers),
                    reported: false,
                    others: Vec::new(),
                    running: 1,
                    behind: Vec::new(),
                });
                let grafted = forest.graft(&self.forest, children);
                forest.get_mut(planted).children = grafted;
                self.forest.release_all(children);
                self.forest.release(wanted);
                node.wakeup = (next != NONE).then_some(next);
                planted
            }
        };
        let slept = limb.segment.sleepers(at);
        let slept = slept.map(|(thread, accesses, key)| Arc::new(Asleep { thread, accesses: accesses.to_vec(), key }));
        let sleepers = slept.chain(node.taken.iter().map(|taken| Arc::clone(&taken.asleep))).collect();
        let or_freely = node.wakeup.is_none();
        let order = Order { segment: number, at, forest, branch: Some(branch), sleepers, or_freely, now: self.now };
        self.refresh(number, at);
        Some(order)
    }

    /// The numbers of the segments on the way to a node of this one, and up to which step each is gone along.
    fn way(&self, mut number: u64, mut to: usize) -> Vec<(u64, usize)> {
        let mut way = Vec::new();
        while let Some(limb) = self.limbs.get(&number) {
            way.push((number, to));
            to = limb.segment.from;
            number = limb.parent;
        }
        way.reverse();
        way
    }

    fn job(&self, order: Arc<Order>) -> Job {
        let mut way = Vec::new();
        if order.branch.is_some() {
            let numbers = self.way(order.segment, order.at).into_iter();
            way.extend(numbers.map(|(number, to)| (Arc::clone(&self.limbs[&number].segment), to)));
        }
        Job { order, way }
    }

    /// Brings a node's bookkeeping up to date.
    fn refresh(&mut self, number: u64, at: usize) {
        let Some(node) = self.limbs.get_mut(&number).and_then(|limb| limb.nodes.get_mut(&at)) else { return };
        if let Some(group) = node.group.take_if(|group| group.running == 0 && group.others.is_empty()) {
            let from = node.taken.len();
            let Group { thread, accesses, key, reported, behind, .. } = group;
            if reported {
                node.taken.push(Taken { asleep: Arc::new(Asleep { thread, accesses, key }), behind });
            }
            // These can begin with that branch, or not after all.
            let mut waiting = std::mem::take(&mut node.waiting);
            if let Some(wakeup) = &mut node.wakeup {
                waiting.extend(self.forest.doubtful(wakeup));
                node.wakeup.take_if(|wakeup| *wakeup == NONE);
            }
            self.walk_all((number, at), from, waiting);
        }
        let Some(node) = self.limbs.get_mut(&number).and_then(|limb| limb.nodes.get_mut(&at)) else { return };
        let ready = node.group.as_ref().map_or(node.wakeup.is_some(), |group| !group.others.is_empty());
        let busy = node.group.is_some() || node.wakeup.is_some();
        let (was_ready, was_busy) =
            (std::mem::replace(&mut node.ready, ready), std::mem::replace(&mut node.busy, busy));
        if (ready, busy) == (was_ready, was_busy) {
            return;
        }
        let mut number = number;
        while let Some(limb) = self.limbs.get_mut(&number) {
            limb.ready = limb.ready + u64::from(ready) - u64::from(was_ready);
            limb.busy = limb.busy + u64::from(busy) - u64::from(was_busy);
            number = limb.parent;
        }
    }

    /// Lets segments go from which nothing can come any more, and to which nothing can come: all before them is finished.
    fn prune(&mut self) {
        if self.limbs.get(&ROOT).is_none_or(|root| root.busy == 0) {
            self.limbs.clear();
            return;
        }
        let mut number = if self.limbs.contains_key(&self.front) { self.front } else { ROOT };
        while self.limbs[&number].busy == 0 {
            number = self.limbs[&number].parent;
        }
        let mut done = Vec::new();
        'limb: loop {
            self.front = number;
            let mut to = usize::MAX;
            while let Some((&at, node)) = self.limbs.get(&number).and_then(|limb| limb.nodes.range(..to).next_back()) {
                let busy = node.busy;
                let others = node.behind().filter(|&other| other != number);
                let mut unfinished = None;
                for other in others {
                    if self.limbs.get(&other).is_some_and(|limb| limb.busy > 0) {
                        unfinished = Some(other);
                        break;
                    }
                    done.push(other);
                }
                while let Some(other) = done.pop() {
                    self.let_go(other);
                }
                if let Some(unfinished) = unfinished {
                    number = unfinished;
                    continue 'limb;
                }
                let Some(node) = self.limbs.get_mut(&number).and_then(|limb| limb.nodes.get_mut(&at)) else { return };
                for taken in &mut node.taken {
                    taken.behind.retain(|&(_, other)| other == number);
                }
                if busy {
                    return;
                }
                to = at;
            }
            return;
        }
    }

    /// Lets a segment go, with all behind it.
    fn let_go(&mut self, number: u64) {
        let mut all = vec![number];
        while let Some(number) = all.pop() {
            if let Some(limb) = self.limbs.remove(&number) {
                all.extend(limb.nodes.values().flat_map(Node::behind).filter(|&other| other != number));
            }
        }
    }

    /// Takes the report of the job that is under way longest.
    pub fn take_report(&mut self, mut report: Report) {
        let Some(order) = self.flying.pop_front() else { return };
        self.now += 1;
        self.count.merge(&report.count);
        self.diverged |= report.diverged;
        let mut way = Vec::new();
        let mut touched = Touched::new();
        let (number, segment) = (self.now, report.segment.take());
        let is_root = order.branch.is_none();
        // The first execution has nobody to leave anything to.
        self.diverged |= is_root && segment.is_none() && report.count.executions == 0;
        let mut index = 0;
        if !is_root {
            way = self.way(order.segment, order.at);
            touched.insert((order.segment, order.at));
            index = self.report_branch(&order, number, segment.as_deref());
        }
        if let Some(segment) = segment {
            way.push((number, segment.to()));
            let first = segment.from + usize::from(!is_root);
            let mut nodes = BTreeMap::new();
            for at in first..segment.to() {
                let others = other_answers(segment.answers(at));
                if !others.is_empty() {
                    let group = Group { others, ..found(number, &segment, at) };
                    nodes.insert(at, Node { group: Some(group), ..Node::default() });
                    touched.insert((number, at));
                }
            }
            self.limbs.insert(number, Limb { segment, parent: order.segment, index, nodes, busy: 0, ready: 0 });
            let mut again = Vec::new();
            for &(at, wakeup) in &report.wakeups {
                let mut wakeup = self.forest.graft(&report.forest, wakeup);
                let doubtful = self.forest.doubtful(&mut wakeup);
                self.node(number, at).wakeup = Some(wakeup).filter(|&wakeup| wakeup != NONE);
                touched.insert((number, at));
                again.push(((number, at), doubtful));
            }
            for (node, doubtful) in again {
                self.walk_all(node, 0, doubtful);
            }
        }
        self.reverse(&way, &report, &mut touched);
        for (number, at) in touched {
            self.refresh(number, at);
        }
        self.prune();
    }

    /// The node at this depth of a segment that it belongs to.
    fn node(&mut self, number: u64, at: usize) -> &mut Node {
        let limb = self.limbs.get_mut(&number).expect("a segment with work stays");
        let segment = &limb.segment;
        limb.nodes.entry(at).or_insert_with(|| {
            let Group { thread, accesses, key, behind, .. } = found(number, segment, at);
            let asleep = Arc::new(Asleep { thread, accesses, key });
            Node { taken: vec![Taken { asleep, behind }], ..Node::default() }
        })
    }

    /// Notes at its node what the step of a branch did, if it could be taken. Gives the how-manieth branch it is.
    fn report_branch(&mut self, order: &Order, number: u64, segment: Option<&Segment>) -> usize {
        let Some(limb) = self.limbs.get_mut(&order.segment) else { return 0 };
        let Some(node) = limb.nodes.get_mut(&order.at) else { return 0 };
        let index = node.taken.len();
        let Some(group) = &mut node.group else { return index };
        group.running -= 1;
        let Some(segment) = segment else { return index };
        let new = found(number, segment, order.at);
        if !group.reported {
            (group.thread, group.key, group.reported) = (new.thread, new.key, true);
            group.accesses.clear();
        }
        for access in new.accesses {
            if !group.accesses.contains(&access) {
                group.accesses.push(access);
            }
        }
        group.behind.extend(new.behind);
        group.others.extend(other_answers(segment.answers(order.at)));
        index
    }

    /// Sees to it that the races of a report are reversed.
    fn reverse(&mut self, way: &[(u64, usize)], report: &Report, touched: &mut Touched) {
        let limbs: Vec<_> = way.iter().map(|&(number, _)| (number, Arc::clone(&self.limbs[&number].segment))).collect();
        let Some((_, root)) = limbs.first() else { return };
        let mut path = Path { of: Vec::new(), from: root.from, limbs: Vec::new(), report };
        for (nth, &(_, to)) in way.iter().enumerate() {
            path.of.resize(to - path.from, nth as u32);
        }
        path.limbs = limbs;
        let mut settled = report.settled.clone();
        let (mut start, mut sequence) = (0, Vec::new());
        for reversal in &report.reversals {
            sequence.clear();
            sequence.extend_from_slice(&report.sequences[start..reversal.end as usize]);
            start = reversal.end as usize;
            let first = reversal.first;
            let owner = path.owner(first);
            // Branches before the one that this execution went along were looked at by who ran it.
            let from = match path.through(first) {
                Some(through) if through != owner => self.limbs[&through].index + 1,
                _ => 1,
            };
            let begins = self.walk((owner, first), from, &mut sequence, &path, touched);
            if let Some((second, nth)) = reversal.second
                && settles(begins, second, reversal.asks)
            {
                settled.push((second, nth));
            }
        }
        for (second, nth) in settled {
            path.segment(second).settle(second, nth, self.now);
        }
    }

    /// Walks with sequences that wait at a node no longer.
    fn walk_all(&mut self, node: (u64, usize), from: usize, sequences: Vec<Waiting>) {
        let mut touched = Touched::new();
        for waiting in sequences {
            self.walk(node, from, &mut waiting.sequence(), &waiting, &mut touched);
        }
        for (number, at) in touched {
            self.refresh(number, at);
        }
    }

    /// Walks with a sequence from a node down to where it leaves what was explored, and inserts the rest there. Of the
    /// branches at the first node those before `from` do not count. Gives what the sequence can begin with.
    fn walk<S: Steps>(
        &mut self,
        (mut number, mut at): (u64, usize),
        mut from: usize,
        sequence: &mut Vec<u32>,
        steps: &S,
        touched: &mut Touched,
    ) -> Why {
        let mut begins = None;
        while let Some(limb) = self.limbs.get(&number) {
            let segment = &limb.segment;
            if at >= segment.to() || sequence.is_empty() {
                break;
            }
            let meets = |thread, accesses: &[Access], key| steps.weak_initial(thread, accesses, key, sequence);
            let mut along = None;
            let mut unknown = None;
            match limb.nodes.get(&at) {
                Some(node) => {
                    along = node.taken.iter().skip(from).find_map(|taken| {
                        let Asleep { thread, accesses, key } = &*taken.asleep;
                        meets(*thread, accesses, *key).map(|why| (why, taken.behind.clone()))
                    });
                    if let Some(group) = node.group.as_ref().filter(|_| along.is_none() && from <= node.taken.len()) {
                        unknown = meets(group.thread, &group.accesses, group.key);
                    }
                }
                None if from == 0 => {
                    let own = meets(segment.thread(at), segment.accesses(at), segment.guided(at));
                    along = own.map(|why| (why, vec![(ALL, number)]));
                }
                None => {}
            }
            if unknown.is_some() {
                self.node(number, at).waiting.push(Waiting::new(steps, sequence));
                // What seems to begin it may not do so after all.
                return begins.unwrap_or(Why::Apart);
            }
            let Some((why, behind)) = along else {
                let mut wakeup = self.node(number, at).wakeup.unwrap_or(NONE);
                let why = self.forest.insert(&mut wakeup, sequence, steps);
                self.node(number, at).wakeup = Some(wakeup);
                touched.insert((number, at));
                return begins.unwrap_or(why);
            };
            begins.get_or_insert(why);
            let mut next = behind.first();
            if let Why::Element(step) = why {
                sequence.retain(|&other| other != step);
                let wanted = key(steps.answers(step));
                next = behind.iter().find(|behind| behind.0 == wanted).or(next);
            }
            let Some(&(_, behind)) = next else { break };
            (number, at, from) = (behind, at + 1, 0);
            let Some(limb) = self.limbs.get(&number).filter(|limb| at < limb.segment.to()) else { break };
            // Somebody may sleep here who shows that this is seen before.
            let mut slept = limb.segment.sleepers(at);
            if slept.any(|(thread, accesses, key)| steps.weak_initial(thread, accesses, key, sequence).is_some()) {
                break;
            }
        }
        begins.unwrap_or(Why::Apart)
    }

    /// Which part of the tree, as known now, lies behind.
    fn seen(&self) -> f64 {
        let mut seen: BTreeMap<u64, f64> = BTreeMap::new();
        // Those that leave a segment are newer than it.
        for (&number, limb) in self.limbs.iter().rev() {
            // The end of the segment is seen; then node by node towards its beginning.
            let mut behind = 1.0;
            for node in limb.nodes.values().rev().filter(|_| limb.busy > 0) {
                let group = node.group.as_ref();
                let left = group.map_or(0, |group| group.others.len() + group.running as usize)
                    + node.wakeup.map_or(0, |wakeup| self.forest.len(wakeup));
                let taken = (node.taken.len() + usize::from(group.is_some_and(|group| group.running == 0))).max(1);
                let others = node.behind().filter(|&other| other != number);
                let unseen: f64 = others.map(|other| 1.0 - seen.get(&other).copied().unwrap_or(1.0)).sum();
                behind = (behind + ((taken - 1) as f64 - unseen).max(0.0)) / (taken + left) as f64;
            }
            seen.insert(number, behind);
        }
        seen.get(&ROOT).copied().unwrap_or(1.0)
    }

    /// What has been done so far.
    pub fn summary(&self) -> Summary {
        let executions = self.count.executions as f64;
        let exhausted = self.is_empty();
        let mut summary = self.count.summary(false);
        summary.estimate = match self.count.executions {
            0 => None,
            _ if exhausted => Some(executions),
            _ => Some(executions / self.seen().max(f64::MIN_POSITIVE)),
        };
        summary.exhausted = exhausted;
        summary.diverged = self.diverged;
        summary.bounds.executions |= !exhausted && self.flying.is_empty() && !self.may_begin();
        summary
    }
}

/// The branch that a segment's step at this depth is.
fn found(number: u64, segment: &Segment, at: usize) -> Group {
    Group {
        thread: segment.thread(at),
        accesses: segment.accesses(at).to_vec(),
        key: segment.guided(at),
        reported: true,
        others: Vec::new(),
        running: 0,
        behind: vec![(key(segment.answers(at)), number)],
    }
}
