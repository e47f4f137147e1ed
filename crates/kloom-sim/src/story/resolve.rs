//! Addresses to places: files and lines of the module's author, names of calls, variables and blocks.

use std::collections::BTreeMap;
use std::rc::Rc;

use kloom_diag::{Backtrace, Context, Event, Object, ObjectKind, Site, SourceLines, Who};
use kloom_elf::{Frame, Lines, SectionId};
use kloom_kernel::fault::Block;
use kloom_kernel::site::{ContextKind, RawEvent, Trace};
use kloom_kernel::task::TaskId;
use kloom_shim::Machine;

use super::source;

/// Part of the path of every header of kloom's own: frames there are the inside of the author's call.
const OWN_HEADERS: &str = "kloom/include/";

/// Names under which authors call what the compiler sees as another function; the usual one first.
const ALIASES: [(&str, &[&str]); 12] = [
    ("kthread_create_on_node", &["kthread_run", "kthread_create"]),
    ("kthread_create_on_cpu", &["kthread_run_on_cpu"]),
    ("schedule", &["wait_event", "wait_event_interruptible"]),
    ("schedule_timeout", &["wait_event_timeout", "wait_event_interruptible_timeout"]),
    ("prepare_to_wait_event", &["wait_event", "wait_event_interruptible"]),
    ("_printk", &["printk"]),
    ("kloom_get_task_struct", &["get_task_struct"]),
    ("kloom_put_task_struct", &["put_task_struct"]),
    ("kloom_mdelay", &["mdelay"]),
    ("__udelay", &["udelay"]),
    ("kloom_bug", &["BUG_ON", "BUG"]),
    ("kloom_warn", &["WARN", "WARN_ON"]),
];

/// How an address relates to the instruction meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// A return address: the call is before it.
    Return,
    /// The instruction itself.
    Exact,
}

struct ModuleLines {
    lines: Lines,
    /// Names of functions called, by where the call's operand is.
    calls: BTreeMap<(SectionId, u64), Box<str>>,
}

/// Answers questions about places; reads each module's debug information once.
pub struct Resolver {
    modules: BTreeMap<u32, ModuleLines>,
    /// The modules' sources, if they are at hand.
    pub sources: Rc<dyn SourceLines>,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").field("modules", &self.modules.keys()).finish_non_exhaustive()
    }
}

/// One place with what is called there.
#[derive(Debug, Default)]
struct Place {
    /// The author's frames, innermost first.
    sites: Vec<Site>,
    /// The function called at the innermost.
    call: String,
}

impl Resolver {
    /// A resolver that knows no source yet.
    pub fn new(sources: Rc<dyn SourceLines>) -> Resolver {
        Resolver { modules: BTreeMap::new(), sources }
    }

    fn module(&mut self, id: u32, module: &kloom_elf::Module) -> &ModuleLines {
        self.modules.entry(id).or_insert_with(|| {
            let calls = module
                .relocations
                .iter()
                .map(|relocation| {
                    ((relocation.section, relocation.offset), module.symbols[relocation.symbol.index()].name.clone())
                })
                .filter(|(_, name)| !name.is_empty())
                .collect();
            ModuleLines { lines: module.lines(), calls }
        })
    }

    /// The author's frames at an address.
    fn place(&mut self, machine: &Machine, ip: u64, address: Address) -> Place {
        let at = if address == Address::Return { ip.saturating_sub(1) } else { ip };
        let Some((id, module, section, offset)) = machine.locate(at) else { return Place::default() };
        let name = module.name().unwrap_or("").to_string();
        let known = self.module(id, &module);
        let frames = known.lines.frames(section, offset);
        let symbol = (address == Address::Return)
            .then(|| offset.checked_sub(3).and_then(|operand| known.calls.get(&(section, operand))))
            .flatten()
            .map(|name| name.to_string())
            .unwrap_or_default();
        let own = |frame: &&Frame| frame.file.as_deref().is_some_and(is_own_header);
        let inner = frames.iter().take_while(own).last().and_then(|frame| frame.function.clone());
        let mut sites: Vec<Site> =
            frames.iter().filter(|frame| !own(frame)).map(|frame| site_of(frame, &name)).collect();
        // The compiler splits a function and inlines one part into the other: for the author that is one function.
        sites.dedup_by(|outer, inner| outer.function == inner.function && outer.file == inner.file);
        let call = self.call_name(inner, &symbol, sites.first());
        Place { sites, call }
    }

    /// How the author names what is called at `site`, where the code calls `symbol` (inside the header function `inner`).
    fn call_name(&self, inner: Option<String>, symbol: &str, site: Option<&Site>) -> String {
        if let Some(inner) = inner {
            return inner.trim_start_matches("kloom_").to_string();
        }
        if symbol.is_empty() || symbol.starts_with("__tsan") || symbol.starts_with("__sanitizer") {
            return String::new();
        }
        let aliases = ALIASES.iter().find(|(name, _)| *name == symbol).map_or(&[][..], |(_, aliases)| aliases);
        let text = site.and_then(|site| self.sources.line_text(&site.file, site.line));
        text.and_then(|text| source::called(&text, symbol, aliases))
            .unwrap_or_else(|| aliases.last().map_or(symbol, |alias| alias).to_string())
    }

    /// The author's line at an address.
    pub fn site(&mut self, machine: &Machine, ip: u64, address: Address) -> Option<Site> {
        self.place(machine, ip, address).sites.into_iter().next()
    }

    /// Something that happened, with the call it happened in.
    pub fn event(&mut self, machine: &Machine, raw: &RawEvent) -> Event {
        self.event_at(machine, raw, Address::Return)
    }

    /// As [`Resolver::event`]; `address` tells what the innermost address of the trace is.
    pub fn event_at(&mut self, machine: &Machine, raw: &RawEvent, address: Address) -> Event {
        let mut sites = Vec::new();
        let mut call = String::new();
        for (index, ip) in raw.trace.ips().enumerate() {
            let kind = if index == 0 { address } else { Address::Return };
            let place = self.place(machine, ip, kind);
            if sites.is_empty() {
                // Between a header's function and the author's line the name of the outermost function counts.
                call = place.call;
            }
            sites.extend(place.sites);
        }
        Event {
            who: who_of(machine, raw),
            time_ns: raw.time_ns,
            site: sites.first().cloned(),
            call,
            backtrace: Backtrace(sites),
        }
    }

    /// What happened when a function of the module returned: the line is that of its `return`.
    pub fn event_at_return(&mut self, machine: &Machine, raw: &RawEvent) -> Event {
        let mut event = self.event(machine, raw);
        event.call = String::new();
        if let Some(site) = &mut event.site {
            let line = source::return_line(&*self.sources, &site.file, site.line);
            if line != site.line {
                (site.line, site.column) = (line, None);
            }
            if let Some(first) = event.backtrace.0.first_mut() {
                *first = site.clone();
            }
        }
        event
    }

    /// Something that happened of which only the code's place is known.
    pub fn event_of(&mut self, machine: &Machine, trace: Trace, who: &RawEvent, time_ns: u64) -> Event {
        self.event(machine, &RawEvent { trace, time_ns, ..*who })
    }

    /// The static variable at an address, and how far into it.
    pub fn variable(&mut self, machine: &Machine, addr: u64) -> Option<(Object, u64)> {
        let (id, module, section, offset) = machine.locate(addr)?;
        let name = module.name().unwrap_or("").to_string();
        let variable = self.module(id, &module).lines.variable(section, offset)?;
        let mut object = Object::new(ObjectKind::ModuleData, variable.name, variable.size);
        if let (Some(file), Some(line)) = (variable.file, variable.line) {
            object.declared = Some(Site::new(file_as_typed(&file), line, "", name));
        }
        Some((object, variable.offset))
    }

    /// What lies at an address, as `kind`: a variable by name, else by the expression `named` gives.
    pub fn object(&mut self, machine: &Machine, addr: u64, kind: ObjectKind, named: Option<String>) -> Object {
        match self.variable(machine, addr) {
            Some((mut object, inside)) => {
                // A member of a static structure is named as the author writes it, if that is known.
                if inside > 0 {
                    object.name = named.unwrap_or_else(|| format!("{}+{inside:#x}", object.name));
                }
                Object { kind, size: 0, ..object }
            }
            None => Object::new(kind, named.unwrap_or_default(), 0),
        }
    }

    /// The first argument of the call of an event, as written.
    pub fn argument(&self, event: &Event) -> Option<String> {
        let site = event.site.as_ref()?;
        source::argument(&self.sources.line_text(&site.file, site.line)?, &event.call)
    }
}

/// A heap block.
pub fn block_object(block: &Block) -> Object {
    let kind = match block.kind.as_str() {
        "kmalloc" => ObjectKind::HeapBlock,
        "vmalloc" => ObjectKind::Vmalloc,
        "pages" => ObjectKind::Pages,
        _ => ObjectKind::SlabObject,
    };
    let name = if kind == ObjectKind::SlabObject { block.kind.clone() } else { String::new() };
    Object::new(kind, name, block.size)
}

/// Who did something.
pub fn who_of(machine: &Machine, raw: &RawEvent) -> Who {
    let context = match raw.context {
        ContextKind::Task => Context::Task,
        ContextKind::Softirq => Context::Softirq,
        ContextKind::Hardirq => Context::Hardirq,
    };
    let tasks = &machine.kernel.tasks;
    // The slot may have a new tenant; the pid tells.
    let live = tasks.get(raw.task).filter(|task| task.pid == raw.pid).map(kloom_kernel::task::Task::name);
    let dead =
        || tasks.tombstone(raw.task).filter(|tombstone| tombstone.pid() == raw.pid).map(|tombstone| tombstone.name());
    let comm = live.or_else(dead).unwrap_or_else(|| kloom_abi::task::comm_text(&raw.comm));
    Who { comm, pid: raw.pid, cpu: raw.cpu, context }
}

/// A task by slot, live or released.
pub fn who_task(machine: &Machine, id: TaskId) -> Who {
    let tasks = &machine.kernel.tasks;
    if let Some(task) = tasks.get(id) {
        return Who::task(task.name(), task.pid, task.se.cpu);
    }
    match tasks.tombstone(id) {
        Some(tombstone) => Who::task(tombstone.name(), tombstone.pid(), tombstone.exited().map_or(0, |at| at.cpu)),
        None => Who::default(),
    }
}

fn site_of(frame: &Frame, module: &str) -> Site {
    Site {
        file: file_as_typed(frame.file.as_deref().unwrap_or("")),
        line: frame.line.unwrap_or(0),
        column: frame.column,
        function: frame.function.clone().unwrap_or_default(),
        module: module.to_string(),
    }
}

/// The compiler ran in `.`: what it was given is behind that.
fn file_as_typed(file: &str) -> String {
    let mut file = file;
    while let Some(rest) = file.strip_prefix("./") {
        file = rest;
    }
    file.to_string()
}

fn is_own_header(file: &str) -> bool {
    file.contains(OWN_HEADERS)
}

#[cfg(test)]
mod tests {
    use super::{file_as_typed, is_own_header};

    #[test]
    fn files_are_shown_as_typed() {
        assert_eq!(file_as_typed("./heartbeat.c"), "heartbeat.c");
        assert_eq!(file_as_typed("././sub/a.c"), "sub/a.c");
        assert_eq!(file_as_typed("../a.c"), "../a.c");
        assert_eq!(file_as_typed("/tmp/a.c"), "/tmp/a.c");
    }

    #[test]
    fn own_headers_are_told_from_the_authors() {
        assert!(is_own_header("kloom/include/linux/sched.h"));
        assert!(!is_own_header("include/my.h"));
    }
}
