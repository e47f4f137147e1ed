//! The interpreter: busybox ash's behaviour over the syscalls of [`sys`](crate::sys).
//!
//! Exit statuses, texts of errors and what runs in a task of its own (every member of a pipeline, subshells, command
//! substitutions, commands that are no builtin) are those of busybox 1.35 `sh`. Every turn of a loop posts
//! [`Syscall::Yield`], so virtual time goes on and the session's limits hold.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use crate::builtins;
use crate::commands::{self, Ctx, Env};
use crate::parse::{self, AndOr, Command, Item, Kind, List, Pipeline, Redirect, RedirectOp, ScenarioError, Script};
use crate::pattern::Pattern;
use crate::signals;
use crate::sys::{Errno, Mark, Program, SigAction, Sys, Syscall, WaitFor, WaitStatus, flags};
use crate::text;

/// Deepest nesting of running commands (function calls, `eval`, `.`).
const MAX_CALLS: usize = 64;

/// Why a list is left before its end; the status is in the shell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stop {
    Break(u32),
    Continue(u32),
    Return,
    Exit,
}

pub(crate) type Flow = Result<(), Stop>;
type Boxed<'a> = Pin<Box<dyn Future<Output = Flow> + 'a>>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Var {
    pub(crate) value: Option<String>,
    pub(crate) exported: bool,
    pub(crate) readonly: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) errexit: bool,
    pub(crate) xtrace: bool,
    pub(crate) nounset: bool,
    pub(crate) noglob: bool,
    pub(crate) noexec: bool,
    pub(crate) pipefail: bool,
}

impl Options {
    pub(crate) fn by_letter(&mut self, letter: char) -> Option<&mut bool> {
        Some(match letter {
            'e' => &mut self.errexit,
            'x' => &mut self.xtrace,
            'u' => &mut self.nounset,
            'f' => &mut self.noglob,
            'n' => &mut self.noexec,
            _ => return None,
        })
    }

    pub(crate) fn by_name(&mut self, name: &str) -> Option<&mut bool> {
        Some(match name {
            "errexit" => &mut self.errexit,
            "xtrace" => &mut self.xtrace,
            "nounset" => &mut self.nounset,
            "noglob" => &mut self.noglob,
            "noexec" => &mut self.noexec,
            "pipefail" => &mut self.pipefail,
            _ => return None,
        })
    }

    pub(crate) fn letters(&self) -> String {
        [(self.errexit, 'e'), (self.noglob, 'f'), (self.nounset, 'u'), (self.xtrace, 'x')]
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, c)| *c)
            .collect()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: usize,
    /// Every member with its status once it ended.
    pub(crate) pids: Vec<(i32, Option<WaitStatus>)>,
    pub(crate) text: String,
}

/// What [`Shell::run_line`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineResult {
    /// It ran; this is `$?`.
    Done(i32),
    /// More lines are needed: an open quote, `if` without `fi`, a here-document.
    Incomplete,
    /// No valid command; `$?` is 2.
    Error(ScenarioError),
    /// The shell has ended (`exit`).
    Exit(i32),
}

/// One shell process.
#[derive(Clone)]
pub struct Shell {
    pub(crate) sys: Sys,
    vars: BTreeMap<String, Var>,
    env: Option<Rc<Env>>,
    pub(crate) functions: BTreeMap<String, Rc<Command>>,
    pub(crate) args: Rc<Vec<String>>,
    pub(crate) name: String,
    pub(crate) status: i32,
    pub(crate) pid: i32,
    pub(crate) last_background: Option<i32>,
    pub(crate) options: Options,
    pub(crate) jobs: Vec<Job>,
    /// By signal number; 0 is EXIT.
    pub(crate) traps: BTreeMap<i32, String>,
    /// Saved values of `local` variables, one list per function call.
    pub(crate) locals: Vec<Vec<(String, Option<Var>)>>,
    pub(crate) loops: u32,
    calls: usize,
    /// In a condition, where `set -e` does not count.
    tested: u32,
    started: u64,
    in_trap: bool,
    /// Status of the last command substitution in the present command.
    substituted: Option<i32>,
    /// `exit`, `set -e` or `exec` ends the shell, and not an error, which an interactive one survives.
    pub(crate) exiting: bool,
}

/// A shell program that runs `script` with `$1…` = `args`; what a session starts as its first user task.
/// With it the top-level commands are announced by [`Syscall::Mark`].
pub fn sh(script: Script, args: Vec<String>) -> impl FnOnce(Sys) -> Program {
    move |sys| {
        Box::pin(async move {
            let mut shell = Shell::new(sys).await;
            shell.args = Rc::new(args);
            shell.run_script(&script, true).await
        })
    }
}

impl Shell {
    /// A fresh shell for the process of `sys`.
    pub async fn new(sys: Sys) -> Shell {
        let pid = sys.getpid().await.unwrap_or(0);
        let mut vars = BTreeMap::new();
        let exported = [
            ("HOME", "/root"),
            ("LOGNAME", "root"),
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("SHELL", "/bin/sh"),
            ("TERM", "linux"),
            ("USER", "root"),
        ];
        for (name, value) in exported {
            vars.insert(name.into(), Var { value: Some(value.into()), exported: true, readonly: false });
        }
        let cwd = sys.getcwd().await.unwrap_or_else(|_| "/".into());
        vars.insert("PWD".into(), Var { value: Some(cwd), exported: true, readonly: false });
        for (name, value) in [("PPID", "1"), ("OPTIND", "1"), ("PS4", "+ ")] {
            vars.insert(name.into(), Var { value: Some(value.into()), exported: false, readonly: false });
        }
        Shell {
            sys,
            vars,
            env: None,
            functions: BTreeMap::new(),
            args: Rc::default(),
            name: "sh".into(),
            status: 0,
            pid,
            last_background: None,
            options: Options::default(),
            jobs: Vec::new(),
            traps: BTreeMap::new(),
            locals: Vec::new(),
            loops: 0,
            calls: 0,
            tested: 0,
            started: 0,
            in_trap: false,
            substituted: None,
            exiting: false,
        }
    }

    /// A shell started by a command, with that command's environment.
    pub(crate) async fn with_env(sys: Sys, env: &Env) -> Shell {
        let mut shell = Shell::new(sys).await;
        for (name, value) in env {
            shell.vars.insert(name.clone(), Var { value: Some(value.clone()), exported: true, readonly: false });
        }
        shell
    }

    /// `$?`.
    pub fn status(&self) -> i32 {
        self.status
    }

    /// Sets `$1`, `$2`, ….
    pub fn set_args(&mut self, args: Vec<String>) {
        self.args = Rc::new(args);
    }

    /// Runs a whole script and the EXIT trap; gives the exit code.
    pub async fn run_script(&mut self, script: &Script, marks: bool) -> i32 {
        // `break` and `return` outside of anything just end the script.
        let _ = self.run_items(&script.list, marks).await;
        self.finish().await
    }

    /// Runs the text of one or more lines typed at a prompt. On [`LineResult::Incomplete`] nothing ran: call again with
    /// the next line appended.
    pub async fn run_line(&mut self, line: &str) -> LineResult {
        match parse::parse(line.as_bytes()) {
            Err(e) if e.incomplete => LineResult::Incomplete,
            Err(e) => {
                self.status = 2;
                LineResult::Error(e)
            }
            Ok(script) => match self.run_items(&script.list, true).await {
                Err(Stop::Exit) if self.exiting => LineResult::Exit(self.finish().await),
                flow => {
                    if flow.is_err() {
                        // The line was left in the middle of something.
                        (self.loops, self.calls, self.tested) = (0, 0, 0);
                        self.locals.clear();
                    }
                    LineResult::Done(self.status)
                }
            },
        }
    }

    /// The EXIT trap, once.
    async fn finish(&mut self) -> i32 {
        if let Some(action) = self.traps.remove(&0) {
            let status = self.status;
            if self.run_text(&action).await != Err(Stop::Exit) {
                self.status = status;
            }
        }
        self.status & 0xff
    }

    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).and_then(|v| v.value.as_deref())
    }

    pub(crate) fn vars(&self) -> &BTreeMap<String, Var> {
        &self.vars
    }

    pub(crate) fn set_var(&mut self, name: &str, value: String) -> Result<(), String> {
        let var = self.vars.entry(name.to_string()).or_default();
        if var.readonly {
            return Err(format!("{name}: is read only"));
        }
        if var.exported {
            self.env = None;
        }
        var.value = Some(value);
        Ok(())
    }

    pub(crate) fn flag_var(&mut self, name: &str, exported: bool, readonly: bool) {
        let var = self.vars.entry(name.to_string()).or_default();
        var.exported |= exported;
        var.readonly |= readonly;
        self.env = None;
    }

    pub(crate) fn unset_var(&mut self, name: &str) -> Result<(), String> {
        if self.vars.get(name).is_some_and(|v| v.readonly) {
            return Err(format!("{name}: is read only"));
        }
        if self.vars.remove(name).is_some_and(|v| v.exported) {
            self.env = None;
        }
        Ok(())
    }

    pub(crate) fn put_var(&mut self, name: &str, var: Option<Var>) {
        self.env = None;
        match var {
            Some(var) => self.vars.insert(name.to_string(), var),
            None => self.vars.remove(name),
        };
    }

    pub(crate) fn environment(&mut self) -> Rc<Env> {
        if let Some(env) = &self.env {
            return env.clone();
        }
        let exported = self.vars.iter().filter(|(_, v)| v.exported);
        let env: Env = exported.filter_map(|(k, v)| Some((k.clone(), v.value.clone()?))).collect();
        let env = Rc::new(env);
        self.env = Some(env.clone());
        env
    }

    pub(crate) async fn complain(&self, message: &str) {
        // Nobody is left to hear that stderr is closed.
        let _ = self.sys.write_all(2, &text::encode(&format!("sh: {message}\n"))).await;
    }

    /// An error that ends a script.
    pub(crate) async fn fatal(&mut self, message: &str) -> Stop {
        self.complain(message).await;
        self.status = 2;
        Stop::Exit
    }

    /// Parses and runs text in this shell (`eval`, traps).
    pub(crate) async fn run_text(&mut self, source: &str) -> Flow {
        match parse::parse_str(source) {
            Ok(list) => self.run_items(&list, false).await,
            Err(e) => {
                self.complain(&format!("{e}")).await;
                self.status = 2;
                Err(Stop::Exit)
            }
        }
    }

    pub(crate) fn run_items<'a>(&'a mut self, items: &'a [Item], marks: bool) -> Boxed<'a> {
        Box::pin(async move {
            for item in items {
                if self.options.noexec {
                    return Ok(());
                }
                if marks {
                    self.started += 1;
                    let mark = Mark::Start { index: self.started, line: item.line, text: item.text.to_string() };
                    let _ = self.sys.unit(Syscall::Mark(mark)).await;
                }
                let index = self.started;
                let flow =
                    if item.background { self.background(item).await } else { self.run_and_or(&item.and_or).await };
                let flow = match flow {
                    Ok(()) if !self.traps.is_empty() => self.run_traps().await,
                    flow => flow,
                };
                if marks {
                    let _ = self.sys.unit(Syscall::Mark(Mark::End { index, status: self.status })).await;
                }
                flow?;
            }
            Ok(())
        })
    }

    /// Actions of the caught signals that came.
    async fn run_traps(&mut self) -> Flow {
        if self.in_trap || self.traps.keys().all(|&s| s == 0) {
            return Ok(());
        }
        for signal in self.sys.take_signals().await.unwrap_or_default() {
            if let Some(action) = self.traps.get(&signal).cloned() {
                let status = self.status;
                self.in_trap = true;
                let flow = self.run_text(&action).await;
                self.in_trap = false;
                flow?;
                self.status = status;
            }
        }
        Ok(())
    }

    /// A copy for a child process.
    pub(crate) fn child(&self) -> Shell {
        let mut child = self.clone();
        child.jobs.clear();
        child.traps.retain(|_, action| action.is_empty());
        child.loops = 0;
        child
    }

    async fn background(&mut self, item: &Item) -> Flow {
        let mut child = self.child();
        let and_or = item.and_or.clone();
        let forked = self
            .sys
            .fork(Box::new(move |sys| {
                child.sys = sys;
                Box::pin(async move {
                    for signal in [signals::SIGINT, signals::SIGQUIT] {
                        let _ = child.sys.sigaction(signal, SigAction::Ignore).await;
                    }
                    if let Ok(null) = child.sys.open("/dev/null", flags::O_RDONLY, 0).await
                        && null != 0
                    {
                        let _ = child.sys.dup2(null, 0).await;
                        let _ = child.sys.close(null).await;
                    }
                    // The last command needs no task of its own.
                    match (&and_or.rest.is_empty(), and_or.first.commands.as_slice()) {
                        (true, [command]) if !and_or.first.bang => {
                            let _ = child.run_command(command, true).await;
                        }
                        _ => {
                            let _ = child.run_and_or(&and_or).await;
                        }
                    }
                    child.finish().await
                })
            }))
            .await;
        match forked {
            Ok(pid) => {
                self.last_background = Some(pid);
                let id = self.jobs.iter().map(|j| j.id).max().unwrap_or(0) + 1;
                self.jobs.push(Job { id, pids: vec![(pid, None)], text: item.text.to_string() });
                self.status = 0;
                Ok(())
            }
            Err(e) => Err(self.cannot_fork(e).await),
        }
    }

    async fn cannot_fork(&mut self, e: Errno) -> Stop {
        self.fatal(&format!("can't fork: {e}")).await
    }

    async fn run_and_or(&mut self, and_or: &AndOr) -> Flow {
        let last = and_or.rest.len();
        self.run_pipeline(&and_or.first, last > 0).await?;
        for (i, (and, pipeline)) in and_or.rest.iter().enumerate() {
            if (self.status == 0) == *and {
                self.run_pipeline(pipeline, i + 1 < last).await?;
            }
        }
        Ok(())
    }

    async fn run_pipeline(&mut self, pipeline: &Pipeline, tested: bool) -> Flow {
        let start = if pipeline.timed { self.sys.clock(crate::sys::Clock::Monotonic).await.ok() } else { None };
        let tested = tested || pipeline.bang;
        self.tested += u32::from(tested);
        let flow = match pipeline.commands.as_slice() {
            [command] => self.run_command(command, false).await,
            commands => self.run_pipe(commands).await,
        };
        self.tested -= u32::from(tested);
        if let Some(start) = start {
            let ns = self.sys.clock(crate::sys::Clock::Monotonic).await.unwrap_or(start).saturating_sub(start);
            let (minutes, rest) = (ns / 60_000_000_000, ns % 60_000_000_000);
            let text = format!("real\t{minutes}m {}.{:02}s\n", rest / 1_000_000_000, rest / 10_000_000 % 100);
            let _ = self.sys.write_all(2, text.as_bytes()).await;
        }
        flow?;
        if pipeline.bang {
            self.status = i32::from(self.status == 0);
        } else if self.status != 0 && self.options.errexit && self.tested == 0 && !tested {
            // Only what failed itself: a compound command that ended with a tested failure has status 0 or was not tested.
            self.exiting = true;
            return Err(Stop::Exit);
        }
        Ok(())
    }

    async fn run_pipe(&mut self, commands: &[Rc<Command>]) -> Flow {
        let mut pids = Vec::new();
        let mut input = None;
        for (i, command) in commands.iter().enumerate() {
            let last = i + 1 == commands.len();
            let pipe = if last {
                None
            } else {
                match self.sys.pipe().await {
                    Ok(pipe) => Some(pipe),
                    Err(e) => return Err(self.fatal(&format!("can't create pipe: {e}")).await),
                }
            };
            let mut child = self.child();
            let command = command.clone();
            let forked = self
                .sys
                .fork(Box::new(move |sys| {
                    child.sys = sys;
                    Box::pin(async move {
                        if let Some(fd) = input {
                            let _ = child.sys.dup2(fd, 0).await;
                            let _ = child.sys.close(fd).await;
                        }
                        if let Some((read, write)) = pipe {
                            let _ = child.sys.close(read).await;
                            let _ = child.sys.dup2(write, 1).await;
                            let _ = child.sys.close(write).await;
                        }
                        let _ = child.run_command(&command, true).await;
                        child.finish().await
                    })
                }))
                .await;
            if let Some(fd) = input.take() {
                let _ = self.sys.close(fd).await;
            }
            if let Some((read, write)) = pipe {
                let _ = self.sys.close(write).await;
                input = Some(read);
            }
            match forked {
                Ok(pid) => pids.push(pid),
                Err(e) => return Err(self.cannot_fork(e).await),
            }
        }
        let mut failed = 0;
        for (i, pid) in pids.iter().enumerate() {
            let status = self.wait_foreground(*pid, i + 1 == pids.len()).await;
            if status != 0 {
                failed = status;
            }
            self.status = status;
        }
        if self.options.pipefail {
            self.status = failed;
        }
        Ok(())
    }

    /// Says what signal ended a child, as ash does of those it waited for.
    pub(crate) async fn report_signal(&self, status: WaitStatus) {
        if let WaitStatus::Signaled(signal) = status
            && signal != signals::SIGINT
            && signal != signals::SIGPIPE
        {
            let _ = self.sys.write_all(2, format!("{}\n", signals::describe(signal)).as_bytes()).await;
        }
    }

    /// Waits for a child and gives its status as `$?` has it.
    pub(crate) async fn wait_foreground(&mut self, pid: i32, report: bool) -> i32 {
        loop {
            match self.sys.wait(WaitFor::Pid(pid), false, None).await {
                Ok(Some((_, WaitStatus::Exited(code)))) => return code & 0xff,
                Ok(Some((_, status @ WaitStatus::Signaled(signal)))) => {
                    if report {
                        self.report_signal(status).await;
                    }
                    return 128 + signal;
                }
                Ok(None) | Err(Errno::EINTR) => {}
                Err(_) => return 127,
            }
        }
    }

    /// Runs a list as a child's whole program, output to us: `$( … )`.
    pub(crate) async fn substitute(&mut self, list: &List) -> Result<String, Stop> {
        let (read, write) = match self.sys.pipe().await {
            Ok(pipe) => pipe,
            Err(e) => return Err(self.fatal(&format!("can't create pipe: {e}")).await),
        };
        let mut child = self.child();
        let list = list.clone();
        let forked = self
            .sys
            .fork(Box::new(move |sys| {
                child.sys = sys;
                Box::pin(async move {
                    let _ = child.sys.close(read).await;
                    let _ = child.sys.dup2(write, 1).await;
                    let _ = child.sys.close(write).await;
                    let _ = child.run_items(&list, false).await;
                    child.finish().await
                })
            }))
            .await;
        let _ = self.sys.close(write).await;
        let pid = match forked {
            Ok(pid) => pid,
            Err(e) => return Err(self.cannot_fork(e).await),
        };
        let mut all = Vec::new();
        loop {
            match self.sys.read(read, 65536).await {
                Ok(bytes) if bytes.is_empty() => break,
                Ok(bytes) => all.extend_from_slice(&bytes),
                Err(Errno::EINTR) => {}
                Err(_) => break,
            }
        }
        let _ = self.sys.close(read).await;
        // `$?` stays what it was until the command that has the substitution is done.
        self.substituted = Some(self.wait_foreground(pid, true).await);
        all.retain(|&b| b != 0);
        Ok(text::decode(&all))
    }

    /// `last`: this process has nothing to do afterwards, so a command needs no child.
    fn run_command<'a>(&'a mut self, command: &'a Command, last: bool) -> Boxed<'a> {
        Box::pin(async move {
            if self.calls >= MAX_CALLS {
                return Err(self.fatal("too many nested commands").await);
            }
            self.calls += 1;
            let flow = match &command.kind {
                Kind::Simple { assigns, words } => self.run_simple(assigns, words, &command.redirects, last).await,
                Kind::Function { name, body } => {
                    self.functions.insert(name.clone(), body.clone());
                    self.status = 0;
                    Ok(())
                }
                _ => self.run_compound(command, last).await,
            };
            self.calls -= 1;
            flow
        })
    }

    async fn run_compound(&mut self, command: &Command, last: bool) -> Flow {
        if let (Kind::Subshell(list), false) = (&command.kind, last) {
            let mut child = self.child();
            let list = list.clone();
            // The redirections of a subshell happen in it, but their words are expanded alike.
            let Some(redirects) = self.expand_redirects(&command.redirects).await? else {
                return Ok(());
            };
            let forked = self
                .sys
                .fork(Box::new(move |sys| {
                    child.sys = sys;
                    Box::pin(async move {
                        if child.redirect(&redirects, None).await {
                            let _ = child.run_items(&list, false).await;
                        } else {
                            child.status = 1;
                        }
                        child.finish().await
                    })
                }))
                .await;
            return match forked {
                Ok(pid) => {
                    self.status = self.wait_foreground(pid, true).await;
                    Ok(())
                }
                Err(e) => Err(self.cannot_fork(e).await),
            };
        }
        let Some(redirects) = self.expand_redirects(&command.redirects).await? else {
            return Ok(());
        };
        let mut saved = Vec::new();
        if !self.redirect(&redirects, Some(&mut saved)).await {
            self.restore(saved).await;
            self.status = 1;
            return Ok(());
        }
        let flow = match &command.kind {
            Kind::Brace(list) | Kind::Subshell(list) => self.run_items(list, false).await,
            Kind::If { arms, otherwise } => self.run_if(arms, otherwise.as_ref()).await,
            Kind::While { condition, body, until } => self.run_while(condition, body, *until).await,
            Kind::For { name, words, body } => self.run_for(name, words.as_deref(), body).await,
            Kind::Case { word, arms } => self.run_case(word, arms).await,
            // The two kinds that the caller has dealt with.
            Kind::Simple { .. } | Kind::Function { .. } => Ok(()),
        };
        self.restore(saved).await;
        flow
    }

    async fn run_if(&mut self, arms: &[(List, List)], otherwise: Option<&List>) -> Flow {
        for (condition, body) in arms {
            self.run_tested(condition).await?;
            if self.status == 0 {
                return self.run_items(body, false).await;
            }
        }
        self.status = 0;
        match otherwise {
            Some(body) => self.run_items(body, false).await,
            None => Ok(()),
        }
    }

    async fn run_tested(&mut self, list: &List) -> Flow {
        self.tested += 1;
        let flow = self.run_items(list, false).await;
        self.tested -= 1;
        flow
    }

    /// What a loop does with the flow of its body: `Some` ends it.
    fn loop_flow(&mut self, flow: Flow) -> Option<Flow> {
        match flow {
            Ok(()) => None,
            Err(Stop::Break(n)) if n > 1 => Some(Err(Stop::Break(n - 1))),
            Err(Stop::Break(_)) => Some(Ok(())),
            Err(Stop::Continue(n)) if n > 1 => Some(Err(Stop::Continue(n - 1))),
            Err(Stop::Continue(_)) => None,
            stop => Some(stop),
        }
    }

    async fn run_while(&mut self, condition: &List, body: &List, until: bool) -> Flow {
        self.loops += 1;
        let mut status = 0;
        let flow = loop {
            self.sys.yield_now().await;
            let tested = self.run_tested(condition).await;
            if let Some(end) = self.loop_flow(tested) {
                break end;
            }
            if tested.is_ok() {
                if (self.status == 0) == until {
                    self.status = status;
                    break Ok(());
                }
                let flow = self.run_items(body, false).await;
                status = self.status;
                if let Some(end) = self.loop_flow(flow) {
                    break end;
                }
            }
        };
        self.loops -= 1;
        flow
    }

    async fn run_for(&mut self, name: &str, words: Option<&[parse::Word]>, body: &List) -> Flow {
        let values = match words {
            Some(words) => self.expand_words(words).await?,
            None => self.args.to_vec(),
        };
        self.loops += 1;
        self.status = 0;
        let mut flow = Ok(());
        for value in values {
            self.sys.yield_now().await;
            if let Err(message) = self.set_var(name, value) {
                flow = Err(self.fatal(&message).await);
                break;
            }
            let turn = self.run_items(body, false).await;
            if let Some(end) = self.loop_flow(turn) {
                flow = end;
                break;
            }
        }
        self.loops -= 1;
        flow
    }

    async fn run_case(&mut self, word: &parse::Word, arms: &[(Vec<parse::Word>, List)]) -> Flow {
        let text = self.expand_single(word).await?;
        self.status = 0;
        for (patterns, body) in arms {
            for pattern in patterns {
                let pattern = self.expand_pattern(pattern).await?;
                if Pattern::new(&pattern).matches(&text) {
                    return self.run_items(body, false).await;
                }
            }
        }
        Ok(())
    }

    async fn run_simple(
        &mut self,
        assigns: &[(String, parse::Word)],
        words: &[parse::Word],
        redirects: &[Redirect],
        last: bool,
    ) -> Flow {
        self.substituted = None;
        let argv = self.expand_words(words).await?;
        let mut values = Vec::with_capacity(assigns.len());
        if argv.is_empty() {
            for (name, word) in assigns {
                let value = self.expand_single(word).await?;
                self.trace(|| format!("{name}={value}")).await;
                if let Err(message) = self.set_var(name, value) {
                    return Err(self.fatal(&message).await);
                }
            }
            // The status is the one of the last substitution, if there was one.
            self.status = self.substituted.take().unwrap_or(0);
            let Some(redirects) = self.expand_redirects(redirects).await? else {
                return Ok(());
            };
            if !redirects.is_empty() {
                let mut saved = Vec::new();
                let done = self.redirect(&redirects, Some(&mut saved)).await;
                self.restore(saved).await;
                self.status = i32::from(!done);
            }
            return Ok(());
        }
        for (name, word) in assigns {
            values.push((name.clone(), self.expand_single(word).await?));
        }
        let Some(redirects) = self.expand_redirects(redirects).await? else {
            return Ok(());
        };
        if self.options.xtrace {
            let mut line: Vec<String> = values.iter().map(|(n, v)| format!("{n}={v}")).collect();
            line.extend(argv.iter().cloned());
            self.trace(|| line.join(" ")).await;
        }
        self.dispatch(argv, values, redirects, last, true).await
    }

    async fn trace(&self, line: impl FnOnce() -> String) {
        if self.options.xtrace {
            let prefix = self.var("PS4").unwrap_or("+ ").to_string();
            let _ = self.sys.write_all(2, &text::encode(&format!("{prefix}{}\n", line()))).await;
        }
    }

    /// Runs a command whose words are known.
    pub(crate) async fn dispatch(
        &mut self,
        argv: Vec<String>,
        assigns: Vec<(String, String)>,
        redirects: Vec<Ready>,
        last: bool,
        functions: bool,
    ) -> Flow {
        let name = argv[0].as_str();
        let special = builtins::is_special(name);
        if functions
            && !special
            && let Some(body) = self.functions.get(name).cloned()
        {
            return self.call_function(&body, argv, assigns, redirects).await;
        }
        if builtins::is_builtin(name) {
            let mut saved = Vec::new();
            if !self.redirect(&redirects, Some(&mut saved)).await {
                self.restore(saved).await;
                self.status = 1;
                return if special { Err(Stop::Exit) } else { Ok(()) };
            }
            let mut before = Vec::new();
            for (name, value) in assigns {
                if !special {
                    before.push((name.clone(), self.vars.get(&name).cloned()));
                }
                if let Err(message) = self.set_var(&name, value) {
                    self.restore(saved).await;
                    return Err(self.fatal(&message).await);
                }
                if !special {
                    self.flag_var(&name, true, false);
                }
            }
            // `exec` without a command keeps its redirections.
            if name == "exec" {
                if argv.len() == 1 {
                    for (_, copy) in saved.drain(..) {
                        if let Some(copy) = copy {
                            let _ = self.sys.close(copy).await;
                        }
                    }
                    self.status = 0;
                    return Ok(());
                }
                let flow = self.run_external(argv[1..].to_vec(), Vec::new(), Vec::new(), true).await;
                flow?;
                self.exiting = true;
                return Err(Stop::Exit);
            }
            let flow = builtins::run(self, argv).await;
            for (name, var) in before {
                self.put_var(&name, var);
            }
            self.restore(saved).await;
            return flow;
        }
        self.run_external(argv, assigns, redirects, last).await
    }

    async fn call_function(
        &mut self,
        body: &Rc<Command>,
        mut argv: Vec<String>,
        assigns: Vec<(String, String)>,
        redirects: Vec<Ready>,
    ) -> Flow {
        let mut saved = Vec::new();
        if !self.redirect(&redirects, Some(&mut saved)).await {
            self.restore(saved).await;
            self.status = 1;
            return Ok(());
        }
        self.locals.push(Vec::new());
        for (name, value) in assigns {
            let old = self.vars.get(&name).cloned();
            if let Some(frame) = self.locals.last_mut() {
                frame.push((name.clone(), old));
            }
            if let Err(message) = self.set_var(&name, value) {
                self.complain(&message).await;
            }
            self.flag_var(&name, true, false);
        }
        argv.remove(0);
        let outer_args = std::mem::replace(&mut self.args, Rc::new(argv));
        let outer_loops = std::mem::take(&mut self.loops);
        let flow = self.run_command(body, false).await;
        self.loops = outer_loops;
        self.args = outer_args;
        for (name, var) in self.locals.pop().unwrap_or_default().into_iter().rev() {
            self.put_var(&name, var);
        }
        self.restore(saved).await;
        match flow {
            Err(Stop::Return) => Ok(()),
            flow => flow,
        }
    }

    async fn run_external(
        &mut self,
        argv: Vec<String>,
        assigns: Vec<(String, String)>,
        redirects: Vec<Ready>,
        last: bool,
    ) -> Flow {
        let mut env = self.environment();
        if !assigns.is_empty() {
            Rc::make_mut(&mut env).extend(assigns);
        }
        if last {
            if !self.redirect(&redirects, None).await {
                self.status = 1;
                return Ok(());
            }
            self.status = commands::execute(self.sys.clone(), argv, env).await;
            return Ok(());
        }
        let forked = self
            .sys
            .fork(Box::new(move |sys| {
                Box::pin(async move {
                    for redirect in &redirects {
                        if let Err(message) = redirect.apply(&sys).await {
                            let _ = sys.write_all(2, &text::encode(&format!("sh: {message}\n"))).await;
                            return 1;
                        }
                    }
                    commands::execute(sys, argv, env).await
                })
            }))
            .await;
        match forked {
            Ok(pid) => {
                self.status = self.wait_foreground(pid, true).await;
                Ok(())
            }
            Err(e) => Err(self.cannot_fork(e).await),
        }
    }

    /// `None`: an error was told and the status set, the command does not run.
    async fn expand_redirects(&mut self, redirects: &[Redirect]) -> Result<Option<Vec<Ready>>, Stop> {
        let mut ready = Vec::with_capacity(redirects.len());
        for redirect in redirects {
            let fd = redirect.fd;
            let action = match &redirect.op {
                RedirectOp::Read(w) => Action::Open(self.expand_single(w).await?, flags::O_RDONLY),
                RedirectOp::Write(w) => {
                    Action::Open(self.expand_single(w).await?, flags::O_WRONLY | flags::O_CREAT | flags::O_TRUNC)
                }
                RedirectOp::Append(w) => {
                    Action::Open(self.expand_single(w).await?, flags::O_WRONLY | flags::O_CREAT | flags::O_APPEND)
                }
                RedirectOp::ReadWrite(w) => Action::Open(self.expand_single(w).await?, flags::O_RDWR | flags::O_CREAT),
                RedirectOp::Both(w, append) => {
                    let how = if *append { flags::O_APPEND } else { flags::O_TRUNC };
                    let path = self.expand_single(w).await?;
                    ready.push(Ready { fd: 1, action: Action::Open(path, flags::O_WRONLY | flags::O_CREAT | how) });
                    ready.push(Ready { fd: 2, action: Action::Dup(1) });
                    continue;
                }
                RedirectOp::Dup(w) => match self.expand_single(w).await?.as_str() {
                    "-" => Action::Close,
                    number => match number.parse::<i32>() {
                        Ok(from) => Action::Dup(from),
                        Err(_) => {
                            self.complain(&format!("{number}: bad fd number")).await;
                            self.status = 2;
                            return Err(Stop::Exit);
                        }
                    },
                },
                RedirectOp::Here(w) => Action::Here(self.expand_here(w).await?),
            };
            ready.push(Ready { fd, action });
        }
        Ok(Some(ready))
    }

    /// Applies; with `saved`, what was there before is kept for [`Shell::restore`].
    pub(crate) async fn redirect(&self, redirects: &[Ready], mut saved: Option<&mut Saved>) -> bool {
        for redirect in redirects {
            if let Some(saved) = &mut saved
                && !saved.iter().any(|(fd, _)| *fd == redirect.fd)
            {
                saved.push((redirect.fd, self.sys.dup_min(redirect.fd, 10).await.ok()));
            }
            if let Err(message) = redirect.apply(&self.sys).await {
                self.complain(&message).await;
                return false;
            }
        }
        true
    }

    pub(crate) async fn restore(&self, saved: Saved) {
        for (fd, copy) in saved.into_iter().rev() {
            match copy {
                Some(copy) => {
                    let _ = self.sys.dup2(copy, fd).await;
                    let _ = self.sys.close(copy).await;
                }
                None => {
                    let _ = self.sys.close(fd).await;
                }
            }
        }
    }

    /// A command of the table, run in this process as ash runs its builtins.
    pub(crate) async fn run_in_process(&mut self, argv: Vec<String>) -> i32 {
        let env = self.environment();
        match commands::find(&argv[0]) {
            Some(command) => {
                let mut ctx = Ctx::new(self.sys.clone(), argv, env);
                ctx.who = format!("sh: {}", ctx.argv[0]);
                command(ctx).await
            }
            None => 127,
        }
    }
}

/// Descriptors to put back: number and copy (`None` was closed).
pub(crate) type Saved = Vec<(i32, Option<i32>)>;

/// A redirection whose words are expanded.
pub(crate) struct Ready {
    fd: i32,
    action: Action,
}

enum Action {
    Open(String, u32),
    Dup(i32),
    Close,
    Here(String),
}

impl Ready {
    async fn apply(&self, sys: &Sys) -> Result<(), String> {
        let from = match &self.action {
            Action::Open(path, flags) => match sys.open(path, *flags, 0o666).await {
                Ok(fd) => fd,
                Err(e) => {
                    let create = flags & flags::O_CREAT != 0;
                    let verb = if create { "create" } else { "open" };
                    let reason = match e {
                        Errno::ENOENT | Errno::ENOTDIR if create => "nonexistent directory".to_string(),
                        Errno::ENOENT | Errno::ENOTDIR => "no such file".to_string(),
                        e => e.to_string(),
                    };
                    return Err(format!("can't {verb} {path}: {reason}"));
                }
            },
            Action::Dup(from) => {
                return match sys.dup2(*from, self.fd).await {
                    Ok(_) => Ok(()),
                    Err(e) => Err(format!("dup2({from},{}): {e}", self.fd)),
                };
            }
            Action::Close => {
                // Closing what is closed is no error.
                let _ = sys.close(self.fd).await;
                return Ok(());
            }
            Action::Here(text) => here_document(sys, text).await.map_err(|e| format!("can't create pipe: {e}"))?,
        };
        if from != self.fd {
            sys.dup2(from, self.fd).await.map_err(|e| format!("dup2({from},{}): {e}", self.fd))?;
            let _ = sys.close(from).await;
        }
        Ok(())
    }
}

/// A pipe that holds the text; a child writes what may not fit.
async fn here_document(sys: &Sys, text: &str) -> Result<i32, Errno> {
    let (read, write) = sys.pipe().await?;
    let bytes = text::encode(text);
    if bytes.len() <= 4096 {
        sys.write_all(write, &bytes).await?;
    } else {
        sys.fork(Box::new(move |sys| {
            Box::pin(async move {
                let _ = sys.close(read).await;
                i32::from(sys.write_all(write, &bytes).await.is_err())
            })
        }))
        .await?;
    }
    sys.close(write).await?;
    Ok(read)
}
