//! What kloom's own engine shows, as the value that is compared with a real Linux.
//!
//! [`observe`] runs a scenario and cuts what was printed at the scenario's top-level commands, as the second engine
//! does with a guest's serial lines. [`enumerate`] does it under several schedules.

use kloom_cc::Built;
use kloom_explore::Strategy;
use kloom_linux::capture::Case;
use kloom_linux::protocol;
use kloom_linux::scenario;
use kloom_linux::{CommandOutcome, Ending, Outcome};
use kloom_shell::sys::Mark;
use kloom_sim::{Ended, Output};

use crate::run::{self, Ran, Request, RunError, Script};

/// What the machine goes on for after the last command, as long as the guest of the second engine does: messages that
/// are on their way then belong to the last command.
const AFTERMATH: &str = "\nsleep 0.3\n";

/// Flags of a machine that has had a foreign module before.
const FOREIGN_MODULES: u32 = 1 << kloom_kernel::taint::OOT_MODULE | 1 << kloom_kernel::taint::UNSIGNED_MODULE;

/// A run and what it showed.
#[derive(Debug)]
pub struct Observed {
    /// What it showed, command by command.
    pub outcome: Outcome,
    /// The run, with its findings.
    pub ran: Ran,
}

/// Runs `request` and gives what it showed; without a scenario the default one.
///
/// # Errors
/// As [`run::run`].
pub fn observe(request: &Request, built: &Built) -> Result<Observed, RunError> {
    let script = match &request.script {
        Some(script) => script.clone(),
        None => Script {
            name: "(default scenario)".into(),
            text: plain_script(&module_names(built), &request.params, request.run_for_ns).into_bytes(),
        },
    };
    let text = String::from_utf8_lossy(&script.text);
    let mut cut = Cut::new(&text);
    let mut request = request.clone();
    request.script = Some(Script { name: script.name, text: [&script.text, AFTERMATH.as_bytes()].concat() });
    let ran = run::run(&request, built, &mut |shown| cut.take(shown))?;
    let outcome = cut.outcome(&ran.ended);
    Ok(Observed { outcome, ran })
}

/// Runs `request` under the natural schedule and under `seeds` random ones; each distinct outcome once, the natural
/// first.
///
/// # Errors
/// As [`run::run`].
pub fn enumerate(request: &Request, built: &Built, seeds: u64) -> Result<Vec<Observed>, RunError> {
    let mut all: Vec<Observed> = Vec::new();
    let strategies = std::iter::once(Strategy::Natural).chain((1..=seeds).map(|seed| Strategy::Random { seed }));
    for strategy in strategies {
        let observed = observe(&Request { strategy, ..request.clone() }, built)?;
        if !all.iter().any(|known| known.outcome == observed.outcome) {
            all.push(observed);
        }
    }
    Ok(all)
}

/// insmod, a while, rmmod, without the shortcuts that only kloom's own default scenario needs: the shell of a real
/// machine gets the same text.
pub fn plain_script(modules: &[String], params: &[String], run_for_ns: u64) -> String {
    let params = params.join(" ");
    let mut text = String::new();
    for module in modules {
        text.push_str(format!("insmod {module}.ko {params}").trim_end());
        text.push('\n');
    }
    text.push_str(&format!("sleep {}\n", run_for_ns as f64 / 1e9));
    for module in modules.iter().rev() {
        text.push_str(&format!("rmmod {module}\n"));
    }
    text
}

/// The names of built modules, in the order they are to be inserted.
pub fn module_names(built: &Built) -> Vec<String> {
    built.modules.iter().map(|module| module.file_name.trim_end_matches(".ko").to_string()).collect()
}

/// How a case of the conformance suite runs in kloom: on the machine its capture was made on.
pub fn request_of(case: &Case, cc: kloom_cc::Config) -> Request {
    Request {
        // Both engines print an absolute path's last part only.
        files: case.sources.iter().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone())).collect(),
        params: Vec::new(),
        script: Some(Script { name: "scenario.sh".into(), text: case.script.clone().into_bytes() }),
        run_for_ns: 0,
        config: machine(case.settings.cpus, case.settings.fresh),
        strategy: Strategy::Natural,
        limits: kloom_sim::Limits::default(),
        on_use_after_free: kloom_shim::machine::OnUseAfterFree::Oops,
        fail: Vec::new(),
        stop: std::sync::Arc::default(),
        cc,
    }
}

/// Builds a request's modules; a case about the machine itself has none.
///
/// # Errors
/// As [`run::build`].
pub fn build(request: &Request) -> Result<Built, RunError> {
    if request.files.is_empty() {
        return Ok(Built::default());
    }
    run::build(request, &mut |_| {})
}

/// The machine that the second engine boots; `fresh` when it has had no foreign module yet.
pub fn machine(cpus: u32, fresh: bool) -> kloom_kernel::Config {
    kloom_kernel::Config {
        cpus,
        mem_bytes: u64::from(kloom_linux::qemu::Machine::default().memory_mib) << 20,
        tainted: if fresh { 0 } else { FOREIGN_MODULES },
        ..kloom_kernel::Config::default()
    }
}

/// What was printed, being cut at the commands.
struct Cut {
    /// The commands of the scenario, with the line each starts in.
    expected: Vec<(usize, String)>,
    /// Lines of the scenario proper; what starts behind them is the aftermath.
    lines: usize,
    commands: Vec<CommandOutcome>,
    /// What the current command printed.
    output: Vec<u8>,
    after: bool,
    over: bool,
}

impl Cut {
    fn new(script: &str) -> Self {
        let lines = script.split('\n').count();
        let expected = scenario::split_numbered(script);
        Cut { expected, lines, commands: Vec::new(), output: Vec::new(), after: false, over: false }
    }

    fn take(&mut self, shown: Output) {
        if self.over {
            return;
        }
        match shown {
            Output::Mark(Mark::Start { line, .. }) => self.start(line),
            // What the machine goes on for, so that a hang of a task left behind is told, no guest waits for.
            Output::Mark(Mark::End { .. }) if self.after => self.over = true,
            Output::Mark(Mark::End { status, .. }) => {
                if let Some(last) = self.commands.last_mut() {
                    last.status = Some(status);
                }
            }
            Output::Console(bytes) => self.output.extend(bytes),
            Output::Log(record) => {
                if let Some(last) = self.commands.last_mut() {
                    let stamp = kloom_kernel::printk::timestamp(record.time_ns);
                    let text = String::from_utf8_lossy(&record.text);
                    let lines = text.split('\n').map(|line| format!("{stamp}{line}"));
                    last.dmesg.extend(lines.filter(|line| protocol::is_message(line)));
                }
            }
            Output::Mark(_) | Output::Progress { .. } => {}
        }
    }

    /// The shell's own commands end at `;` and `&`, too; here a command is what stands up to the end of the line.
    fn start(&mut self, line: usize) {
        self.after = line > self.lines;
        let number = self.expected.iter().take_while(|(first, _)| *first <= line).count();
        if self.after {
            self.close();
        } else if number > self.commands.len() {
            self.close();
            let text = self.expected[number - 1].1.clone();
            self.commands.push(CommandOutcome { text, ..CommandOutcome::default() });
        } else if let Some(last) = self.commands.last_mut() {
            last.status = None;
        }
    }

    fn close(&mut self) {
        let bytes = std::mem::take(&mut self.output);
        if let Some(last) = self.commands.last_mut() {
            last.stdout.push_str(&String::from_utf8_lossy(&bytes));
        }
    }

    fn outcome(mut self, ended: &Ended) -> Outcome {
        self.close();
        let done = matches!(ended, Ended::Done(_) | Ended::PoweredOff);
        let ending = match ended {
            Ended::StepLimit | Ended::TimeLimit | Ended::OutputLimit | Ended::Interrupted => Ending::Limit,
            Ended::Done(_) | Ended::PoweredOff | Ended::Stuck | Ended::Hung | Ended::Panicked => {
                protocol::ending_of(&self.commands, done)
            }
        };
        Outcome { ending, commands: self.commands }
    }
}

#[cfg(test)]
mod tests {
    use super::plain_script;

    #[test]
    fn modules_leave_in_the_opposite_order() {
        let modules = ["a".to_string(), "b".to_string()];
        assert_eq!(
            plain_script(&modules, &["n=1".to_string()], 1_500_000_000),
            "insmod a.ko n=1\ninsmod b.ko n=1\nsleep 1.5\nrmmod b\nrmmod a\n"
        );
    }
}
