//! What a scenario showed, as a value both engines produce.

/// How a scenario ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every command returned and the machine was powered off.
    Ok,
    /// The kernel reported an oops (a fault or BUG in kernel mode) and went on.
    Oops,
    /// The kernel panicked.
    Panic,
    /// A command did not return within the limit; commands count from one.
    Hang {
        /// Which command.
        command: usize,
    },
    /// The kernel never reached the scenario.
    BootFailure,
    /// A limit of kloom's own was reached first; Linux has no such ending.
    Limit,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Oops => f.write_str("oops"),
            Self::Panic => f.write_str("panic"),
            Self::Hang { command } => write!(f, "hang at command {command}"),
            Self::BootFailure => f.write_str("boot failure"),
            Self::Limit => f.write_str("limit reached"),
        }
    }
}

impl std::str::FromStr for Ending {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "ok" => Self::Ok,
            "oops" => Self::Oops,
            "panic" => Self::Panic,
            "boot failure" => Self::BootFailure,
            "limit reached" => Self::Limit,
            _ => Self::Hang { command: text.strip_prefix("hang at command ").and_then(|n| n.parse().ok()).ok_or(())? },
        })
    }
}

/// One top-level command of a scenario and what it showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandOutcome {
    /// The command as written in the scenario.
    pub text: String,
    /// Standard output and standard error, in the order written.
    pub stdout: String,
    /// Exit status; `None` when the command never returned.
    pub status: Option<i32>,
    /// Kernel messages from its start to the start of the next command, `[    5.000123] text`.
    pub dmesg: Vec<String>,
}

/// What one run of a scenario showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// The commands that were started, in order.
    pub commands: Vec<CommandOutcome>,
}

impl Outcome {
    /// All kernel messages in order.
    pub fn dmesg(&self) -> impl Iterator<Item = &str> {
        self.commands.iter().flat_map(|command| command.dmesg.iter().map(String::as_str))
    }

    /// What a person at the console would have seen: each command, what it printed, the kernel's messages, and its exit
    /// status when that is not 0.
    pub fn transcript(&self) -> String {
        let mut text = String::new();
        for command in &self.commands {
            text.push_str(&format!("$ {}\n{}", command.text, command.stdout));
            if !command.stdout.is_empty() && !command.stdout.ends_with('\n') {
                text.push('\n');
            }
            for line in &command.dmesg {
                text.push_str(&format!("{line}\n"));
            }
            match command.status {
                Some(0) => {}
                Some(status) => text.push_str(&format!("(exit code {status})\n")),
                None => text.push_str("(never returned)\n"),
            }
        }
        text
    }

    /// The outcome in one line, alike for runs that showed the same trouble: the ending, and the kernel's complaints.
    pub fn signature(&self) -> String {
        const COMPLAINTS: &[&str] = &[
            "BUG: ",
            "WARNING: ",
            "INFO: task ",
            "refcount_t: ",
            "general protection fault",
            "kernel BUG ",
            "Kernel panic",
        ];
        let mut parts = vec![self.ending.to_string()];
        for message in self.dmesg().filter_map(crate::abstraction::message) {
            let complains = COMPLAINTS.iter().any(|head| message.starts_with(head) || message.contains(": BUG: "));
            if complains && !parts.contains(&message) {
                parts.push(message);
            }
        }
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::{CommandOutcome, Ending, Outcome};

    fn outcome(status: Option<i32>, message: &str) -> Outcome {
        let command = CommandOutcome {
            text: "rmmod m".to_owned(),
            stdout: "Killed".to_owned(),
            status,
            dmesg: vec![format!("[    1.0] {message}")],
        };
        Outcome { ending: Ending::Oops, commands: vec![command] }
    }

    #[test]
    fn a_transcript_shows_what_a_console_would() {
        let text = outcome(Some(137), "x").transcript();
        assert_eq!(text, "$ rmmod m\nKilled\n[    1.0] x\n(exit code 137)\n");
        assert!(outcome(None, "x").transcript().ends_with("(never returned)\n"));
        assert!(outcome(Some(0), "x").transcript().ends_with("[    1.0] x\n"));
    }

    #[test]
    fn a_signature_leaves_out_what_differs_by_chance() {
        let one = outcome(Some(1), "INFO: task rmmod:104 blocked for more than 120 seconds.");
        let other = outcome(Some(2), "INFO: task rmmod:233 blocked for more than 120 seconds.");
        assert_eq!(one.signature(), other.signature());
        assert_eq!(one.signature(), "oops; INFO: task rmmod:<pid> blocked for more than 120 seconds.");
        assert_eq!(outcome(None, "all is well").signature(), "oops");
    }
}
