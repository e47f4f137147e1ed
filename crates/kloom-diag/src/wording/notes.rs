//! Words for what is worth knowing: formats, old calls, licences, sources that do not compile.

use crate::fault::Fault;
use crate::wording::phrase::{by, call, errno, name, plural};
use crate::wording::story::Story;

/// What Linux has but gives to no module any more; kloom refuses it, too.
const REFUSED: [&str; 3] = ["kallsyms_lookup_name", "kallsyms_on_each_symbol", "module_mutex"];

/// Tells faults of this group; `false` for others.
pub(super) fn tell(story: &mut Story<'_>, fault: &Fault) -> bool {
    match fault {
        Fault::InitFailed { module, errno: error, at: returned, strange } => {
            let value = if *strange { error.to_string() } else { errno(*error) };
            story.title(format!("init of `{module}.ko` returned {value}"));
            story.blame(returned, format!("returned {}", by(returned)));
            if *strange {
                story.linux(format!("\"do_init_module: '{module}'->init suspiciously returned {value}, it should follow 0/-E convention\", and the module stays loaded"));
                story.help("return 0 for success and a negative errno for failure");
            } else {
                story.note("everything that init had set up before must be undone by init itself: the exit function is not called");
                story.linux("`insmod` prints the error and the module is removed again");
                story.help("if the failure was not meant, look at the call that returned the error");
            }
        }
        Fault::BadFormat { at: printed, format, conversion } => {
            story.title(format!(
                "{} has the conversion `{conversion}`, which the kernel does not know",
                call(printed, "the format")
            ));
            story.blame(printed, format!("printed {}", by(printed)));
            story.note(format!("the format is \"{}\"", format.escape_debug()));
            story.linux(if conversion.ends_with('n') || conversion.len() < 2 {
                "\"Please remove unsupported %n in format string\" and a WARNING; the rest of the line is not formatted".to_owned()
            } else {
                format!("\"Please remove unsupported {conversion} in format string\" and a WARNING; the rest of the line is not formatted")
            });
            story.help("there is no floating point in the kernel (`%f`, `%g`), no `%n`; Documentation/core-api/printk-formats.rst lists what there is");
        }
        Fault::RemovedApi { call: old, removed_in, replacement, site } => {
            if REFUSED.contains(&old.trim_end_matches("()")) {
                story.title(format!(
                    "Linux does not export `{old}` to modules since {removed_in}: the module is refused"
                ));
                story.linux(format!(
                    "the same: \"Unknown symbol {} (err -2)\", and modpost complains before that",
                    old.trim_end_matches("()")
                ));
                story.help(format!("use {replacement}"));
                return true;
            }
            story.title(format!("`{old}` is gone from Linux since {removed_in}; kloom still has it"));
            // `access_ok() with three arguments`: the source has the name.
            let written = old.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or(old);
            story.blame_site(site, written, format!("today: {replacement}"));
            story.linux(if old.contains(" in <") {
                format!("from {removed_in} on the module builds only if another header brings the declaration along")
            } else {
                format!("from {removed_in} on the module does not build")
            });
            story.help(format!("use {replacement}"));
        }
        Fault::Nbsp { site, count, lines } => {
            story.title(format!(
                "{} on {} read as ordinary spaces",
                plural(*count, "non-breaking space"),
                plural(*lines, "line")
            ));
            story.blame_site(site, "\u{a0}", "the first is here");
            story.note(
                "they come with text copied from a web page; a C compiler rejects them (\"stray '\\302' in program\")",
            );
            story.help("replace them with ordinary spaces before building for real Linux");
        }
        Fault::CompileError { message, site, hint } => {
            story.title(if message.is_empty() { "the module does not compile".to_owned() } else { message.clone() });
            if let Some(site) = site {
                story.blame_site(site, "", "");
            }
            if let Some(hint) = hint {
                story.help(hint);
            }
        }
        Fault::MissingLicense { module, license, site } => {
            let shown = license.as_deref().unwrap_or("unspecified");
            story.title(match license {
                Some(license) => format!("`{module}.ko` has the licence {}, which taints the kernel", name(license)),
                None => format!("`{module}.ko` has no `MODULE_LICENSE()`, which taints the kernel"),
            });
            if let Some(site) = site {
                story.blame_site(site, "MODULE_LICENSE", "");
            }
            story.note("functions exported with `EXPORT_SYMBOL_GPL()` are out of reach of such a module");
            story.linux(if license.is_some() {
                format!("\"{module}: module license '{shown}' taints kernel.\"")
            } else {
                format!("modpost refuses to build it (\"missing MODULE_LICENSE()\"); older kernels load it and print \"{module}: module license '{shown}' taints kernel.\"")
            });
            story.help("add `MODULE_LICENSE(\"GPL\");` if the source may be distributed under the GPL");
        }
        _ => return false,
    }
    true
}
