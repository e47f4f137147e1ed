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
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Oops => f.write_str("oops"),
            Self::Panic => f.write_str("panic"),
            Self::Hang { command } => write!(f, "hang at command {command}"),
            Self::BootFailure => f.write_str("boot failure"),
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
}
