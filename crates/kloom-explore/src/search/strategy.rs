//! Strategies by name, and what makes a search of one.

use super::schedule::{Schedule, TokenError};
use super::{Dfs, Dpor, Limits, Natural, Pct, Portfolio, Pos, Random, Replay, Search, Surw};

/// A strategy and its parameters.
///
/// As text: `dpor`, `dfs`, `natural`, `random:SEED`, `pct:DEPTH[:SEED]`, `pos:SEED`, `surw:SEED`, `portfolio[:EXECUTIONS]`
/// and a schedule token `kl2:…`; numbers left out are 0 (`pct`: depth 3, `portfolio`: 10000). `dpor` and `dfs` take
/// `preemptions=N`, `delays=N` and `executions=N` after colons.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Optimal partial-order reduction.
    Dpor(Limits),
    /// All interleavings.
    Dfs(Limits),
    /// One execution with the natural choices.
    Natural,
    /// Uniform random choices.
    Random {
        /// The seed.
        seed: u64,
    },
    /// Random priorities with few changes.
    Pct {
        /// How many ordering constraints the bug may have.
        depth: u32,
        /// The seed.
        seed: u64,
    },
    /// Partial-order sampling.
    Pos {
        /// The seed.
        seed: u64,
    },
    /// Selectively uniform random walk.
    Surw {
        /// The seed.
        seed: u64,
    },
    /// Reduction for so many executions, then samplers in turns.
    Portfolio {
        /// Executions of the reduction.
        executions: u64,
        /// The seed of the samplers.
        seed: u64,
    },
    /// One recorded execution.
    Replay(Schedule),
}

/// Why a text is no strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StrategyError {
    /// There is none of this name.
    Unknown(String),
    /// A parameter is no number, or there is no such parameter.
    Parameter(String),
    /// The token is damaged.
    Token(TokenError),
}

impl std::fmt::Display for StrategyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StrategyError::Unknown(name) => write!(
                f,
                "there is no strategy `{name}`; there are `dpor`, `dfs`, `natural`, `random`, `pct`, `pos`, `surw`, \
                 `portfolio` and schedule tokens"
            ),
            StrategyError::Parameter(text) => write!(f, "`{text}` is no parameter of this strategy"),
            StrategyError::Token(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StrategyError {}

/// How the portfolio splits its budget if nothing is said.
const PORTFOLIO_EXECUTIONS: u64 = 10_000;
/// Most bugs need few ordering constraints (Burckhardt et al., 2010).
pub(super) const PCT_DEPTH: u32 = 3;

/// The search of a strategy.
pub fn make(strategy: &Strategy) -> Box<dyn Search + Send> {
    match strategy {
        Strategy::Dpor(limits) => Box::new(Dpor::new(*limits)),
        Strategy::Dfs(limits) => Box::new(Dfs::new(*limits)),
        Strategy::Natural => Box::new(Natural::new()),
        Strategy::Random { seed } => Box::new(Random::new(*seed)),
        Strategy::Pct { depth, seed } => Box::new(Pct::new(*depth, *seed)),
        Strategy::Pos { seed } => Box::new(Pos::new(*seed)),
        Strategy::Surw { seed } => Box::new(Surw::new(*seed)),
        Strategy::Portfolio { executions, seed } => Box::new(Portfolio::new(*executions, *seed)),
        Strategy::Replay(schedule) => Box::new(Replay::new(schedule.clone())),
    }
}

impl std::fmt::Display for Strategy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let limited = |f: &mut std::fmt::Formatter<'_>, name: &str, limits: &Limits| {
            f.write_str(name)?;
            let (preemptions, delays) = (limits.preemptions.map(u64::from), limits.delays.map(u64::from));
            for (key, value) in [("preemptions", preemptions), ("delays", delays), ("executions", limits.executions)] {
                if let Some(value) = value {
                    write!(f, ":{key}={value}")?;
                }
            }
            Ok(())
        };
        match self {
            Strategy::Dpor(limits) => limited(f, "dpor", limits),
            Strategy::Dfs(limits) => limited(f, "dfs", limits),
            Strategy::Natural => f.write_str("natural"),
            Strategy::Random { seed } => write!(f, "random:{seed}"),
            Strategy::Pct { depth, seed } => write!(f, "pct:{depth}:{seed}"),
            Strategy::Pos { seed } => write!(f, "pos:{seed}"),
            Strategy::Surw { seed } => write!(f, "surw:{seed}"),
            Strategy::Portfolio { executions: PORTFOLIO_EXECUTIONS, seed: 0 } => f.write_str("portfolio"),
            Strategy::Portfolio { executions, seed } => write!(f, "portfolio:{executions}:{seed}"),
            Strategy::Replay(schedule) => schedule.fmt(f),
        }
    }
}

impl std::str::FromStr for Strategy {
    type Err = StrategyError;

    fn from_str(text: &str) -> Result<Strategy, StrategyError> {
        if text.trim_start().starts_with("kl2:") {
            return Schedule::parse(text).map(Strategy::Replay).map_err(StrategyError::Token);
        }
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let rest: Vec<&str> = parts.collect();
        let wrong = |part: &str| StrategyError::Parameter(part.to_string());
        let number = |part: &str| part.parse::<u64>().map_err(|_| wrong(part));
        let numbers = |most: usize| -> Result<Vec<u64>, StrategyError> {
            if let Some(extra) = rest.get(most) {
                return Err(wrong(extra));
            }
            rest.iter().map(|part| number(part)).collect()
        };
        let seed = || Ok::<u64, StrategyError>(numbers(1)?.first().copied().unwrap_or(0));
        let limits = || {
            let mut limits = Limits::default();
            for part in &rest {
                let (key, value) = part.split_once('=').ok_or_else(|| wrong(part))?;
                let value = number(value)?;
                let small = || u32::try_from(value).map_err(|_| wrong(part));
                match key {
                    "preemptions" => limits.preemptions = Some(small()?),
                    "delays" => limits.delays = Some(small()?),
                    "executions" => limits.executions = Some(value),
                    _ => return Err(wrong(part)),
                }
            }
            Ok(limits)
        };
        Ok(match name {
            "dpor" => Strategy::Dpor(limits()?),
            "dfs" => Strategy::Dfs(limits()?),
            "natural" => {
                numbers(0)?;
                Strategy::Natural
            }
            "random" => Strategy::Random { seed: seed()? },
            "pct" => {
                let given = numbers(2)?;
                let depth =
                    u32::try_from(given.first().copied().unwrap_or(PCT_DEPTH.into())).map_err(|_| wrong(rest[0]))?;
                Strategy::Pct { depth, seed: given.get(1).copied().unwrap_or(0) }
            }
            "pos" => Strategy::Pos { seed: seed()? },
            "surw" => Strategy::Surw { seed: seed()? },
            "portfolio" => {
                let given = numbers(2)?;
                let executions = given.first().copied().unwrap_or(PORTFOLIO_EXECUTIONS);
                Strategy::Portfolio { executions, seed: given.get(1).copied().unwrap_or(0) }
            }
            _ => return Err(StrategyError::Unknown(name.to_string())),
        })
    }
}
