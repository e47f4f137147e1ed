//! The lines of the modules' sources, for reports.

use std::collections::BTreeMap;

use kloom_diag::SourceLines;

/// Source texts by the path the user typed.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: BTreeMap<String, Vec<String>>,
}

impl Sources {
    /// Adds a file.
    pub fn add(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_string(), text.lines().map(str::to_string).collect());
    }
}

impl SourceLines for Sources {
    fn line_text(&self, file: &str, line: u32) -> Option<String> {
        let file = file.strip_prefix("./").unwrap_or(file);
        let lines = self.files.get(file).or_else(|| self.files.get(&format!("./{file}")))?;
        lines.get((line as usize).checked_sub(1)?).cloned()
    }
}
