//! The one place that writes to the terminal: data to stdout, talk to stderr.

use std::io::{IsTerminal, Write};

use kloom_sim::Output;

/// Writes bytes to stdout; a reader that has gone away ends the command as it ends any filter.
pub(crate) fn data(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            std::process::exit(141);
        }
        talk(&format!("error: cannot write to the standard output: {error}\n"));
        std::process::exit(i32::from(kloom_diag::ExitCode::Usage.number()));
    }
}

/// Writes text to stderr.
pub(crate) fn talk(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Shows (or, with an empty text, takes away) a line of progress; only on a terminal.
pub(crate) fn status(text: &str) {
    if std::io::stderr().is_terminal() {
        talk(&format!("\r\x1b[2K{text}"));
    }
}

/// Columns of the terminal that stdout is; a file gets as many as fit most.
#[expect(clippy::disallowed_methods, reason = "the width of the user's terminal")]
pub(crate) fn width() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    asked.filter(|columns| (40..=1000).contains(columns)).unwrap_or(160)
}

/// Whether reports on stderr may use colour.
pub(crate) fn colour(no_color: bool) -> bool {
    !no_color && std::io::stderr().is_terminal()
}

/// The bytes of what a run shows.
pub(crate) fn bytes_of(output: &Output) -> Vec<u8> {
    match output {
        Output::Console(bytes) => bytes.clone(),
        Output::Progress { .. } | Output::Mark(_) => Vec::new(),
        Output::Log(record) => {
            let mut out = Vec::new();
            let stamp = kloom_kernel::printk::timestamp(record.time_ns);
            for line in record.text.split(|&byte| byte == b'\n') {
                out.extend_from_slice(stamp.as_bytes());
                for &byte in line {
                    if byte == b'\t' || (0x20..0x7f).contains(&byte) || byte >= 0x80 {
                        out.push(byte);
                    } else {
                        out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
                    }
                }
                out.push(b'\n');
            }
            out
        }
    }
}
