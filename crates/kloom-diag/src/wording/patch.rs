//! Mechanical changes: looked for in the text of the line, offered only when the line has the expected form.

use crate::report::{Patch, SourceLines, Span};
use crate::site::Site;
use crate::span::line_of;

/// Replaces `text[start..end]` of the line at `site`.
fn patch_at(site: &Site, text: &str, start: usize, end: usize, replacement: String) -> Patch {
    Patch {
        span: Span {
            file: site.file.clone(),
            line: site.line,
            start,
            end,
            text: Some(text.to_owned()),
            label: String::new(),
        },
        replacement,
    }
}

/// Makes an endless loop end on `kthread_should_stop()`.
pub(crate) fn endless_loop(lines: &dyn SourceLines, site: &Site) -> Option<Patch> {
    let text = line_of(lines, &site.file, site.line)?;
    for keyword in ["while", "for"] {
        let Some(start) = text.find(keyword) else {
            continue;
        };
        let Some(length) = text[start..].find(')') else {
            continue;
        };
        let end = start + length + 1;
        let bare: String = text[start..end].split_whitespace().collect();
        if matches!(bare.as_str(), "while(1)" | "while(true)" | "for(;;)") {
            let replacement = "while (!kthread_should_stop())".to_owned();
            return Some(patch_at(site, &text, start, end, replacement));
        }
    }
    None
}

/// Replaces a comparison with `NULL` by `IS_ERR()`.
pub(crate) fn null_check(lines: &dyn SourceLines, site: &Site) -> Option<Patch> {
    let text = line_of(lines, &site.file, site.line)?;
    let start = text.find("if")?;
    let open = start + text[start..].find('(')?;
    let close = open + text[open..].rfind(')')?;
    let condition = text[open + 1..close].trim();
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| crate::span::is_word(c) || matches!(c, '-' | '>' | '.'));
    let bare: String = condition.split_whitespace().collect();
    let (bad, pointer) = if let Some(name) = bare.strip_suffix("==NULL") {
        (true, name)
    } else if let Some(name) = bare.strip_suffix("!=NULL") {
        (false, name)
    } else if let Some(name) = bare.strip_prefix('!') {
        (true, name)
    } else {
        (false, bare.as_str())
    };
    if !is_name(pointer) {
        return None;
    }
    let not = if bad { "" } else { "!" };
    let replacement = format!("{not}IS_ERR({pointer})");
    Some(patch_at(site, &text, open + 1, close, replacement))
}

/// Replaces one word of the line.
pub(crate) fn word(lines: &dyn SourceLines, site: &Site, from: &str, to: &str) -> Option<Patch> {
    let text = line_of(lines, &site.file, site.line)?;
    let (start, _) = text.match_indices(from).find(|(start, _)| {
        let before = text[..*start].chars().next_back();
        let after = text[start + from.len()..].chars().next();
        !before.is_some_and(crate::span::is_word) && !after.is_some_and(crate::span::is_word)
    })?;
    Some(patch_at(site, &text, start, start + from.len(), to.to_owned()))
}

/// Turns the declaration of a static object into one that initialises it.
pub(crate) fn static_initialiser(lines: &dyn SourceLines, site: &Site, name: &str) -> Option<Patch> {
    const MACROS: [(&str, &str); 8] = [
        ("struct mutex", "DEFINE_MUTEX"),
        ("spinlock_t", "DEFINE_SPINLOCK"),
        ("rwlock_t", "DEFINE_RWLOCK"),
        ("wait_queue_head_t", "DECLARE_WAIT_QUEUE_HEAD"),
        ("struct wait_queue_head", "DECLARE_WAIT_QUEUE_HEAD"),
        ("struct completion", "DECLARE_COMPLETION"),
        ("struct rw_semaphore", "DECLARE_RWSEM"),
        ("struct list_head", "LIST_HEAD"),
    ];
    let text = line_of(lines, &site.file, site.line)?;
    for (kind, by) in MACROS {
        let declaration = format!("{kind} {name};");
        if let Some(start) = text.find(&declaration) {
            let end = start + declaration.len();
            return Some(patch_at(site, &text, start, end, format!("{by}({name});")));
        }
    }
    None
}
