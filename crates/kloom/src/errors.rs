//! Errors of building and starting, as text and exit codes.

use kloom::run::RunError;
use kloom_cc::CcError;
use kloom_diag::ExitCode;

/// The text for stderr and the exit code.
pub(crate) fn describe(error: &RunError) -> (String, ExitCode) {
    match error {
        RunError::Build(error) => (build(error), build_code(error)),
        RunError::Scenario { name, error } => {
            let caret = " ".repeat(error.column.saturating_sub(1)) + "^";
            let text = format!(
                "error: {}\n  --> {name}:{}:{}\n   |\n   | {}\n   | {caret}\n",
                error.message, error.line, error.column, error.snippet
            );
            (text, ExitCode::Usage)
        }
        RunError::Machine(error) => (format!("error: cannot make a machine: {error}\n"), ExitCode::LimitReached),
    }
}

fn build(error: &CcError) -> String {
    let mut text = String::new();
    if let Some(output) = error.output() {
        text.push_str(&output.stderr);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
    }
    let word = if matches!(error, CcError::Unsupported { .. }) { "unsupported" } else { "error" };
    text.push_str(&format!("{word}: {error}\n"));
    if let Some(output) = error.output() {
        for hint in &output.hints {
            text.push_str(&format!("  = help: {hint}\n"));
        }
    }
    text
}

fn build_code(error: &CcError) -> ExitCode {
    match error {
        CcError::Unsupported { .. } | CcError::UnsupportedHost { .. } => ExitCode::NotSupported,
        CcError::Compile(_) | CcError::Link { .. } => ExitCode::ModuleBug,
        CcError::ToolFailed { .. } | CcError::BadObject { .. } => ExitCode::Internal,
        _ => ExitCode::Usage,
    }
}
