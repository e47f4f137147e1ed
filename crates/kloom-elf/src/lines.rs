//! Source lines: which file, line and function an offset of a section came from, inlined calls included.

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use crate::debug::{Bases, Reader, load};
use crate::kallsyms::Symbolizer;
use crate::module::Module;
use crate::section::SectionId;
use crate::symbol::Symbol;
use crate::variables::{Variable, VariableIndex};

/// Source lines and variables of a module. Owns its data and reads the debug information on the first question, which
/// takes milliseconds where [`crate::parse`] takes microseconds.
///
/// DWARF versions 2 to 5 are understood. Damaged debug information gives fewer or wrong answers, never a panic.
pub struct Lines {
    file: Arc<[u8]>,
    symbols: Arc<[Symbol]>,
    bases: Bases,
    symbolizer: Symbolizer,
    debug: OnceCell<Debug>,
    variables: OnceCell<VariableIndex>,
}

struct Debug {
    dwarf: Arc<gimli::Dwarf<Reader>>,
    context: Option<addr2line::Context<Reader>>,
    status: DebugStatus,
}

/// What debug information there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DebugStatus {
    /// There is some, and its table of contents could be read.
    Present,
    /// The module was built without `-g` or stripped.
    Missing,
    /// It is compressed (`-gz`), which is not supported.
    Compressed,
    /// It cannot be read.
    Damaged,
}

/// One call frame at one place of the code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// The name of the function as in the source; from the symbol table if there is no debug information.
    pub function: Option<String>,
    /// The path of the file, as the compiler was given it, behind the directory it ran in.
    pub file: Option<String>,
    /// The line, counted from 1.
    pub line: Option<u32>,
    /// The column, counted from 1.
    pub column: Option<u32>,
}

impl Lines {
    pub(crate) fn new(module: &Module) -> Lines {
        Lines {
            file: Arc::clone(&module.file),
            symbols: Arc::clone(&module.symbols),
            bases: Bases::new(&module.sections),
            symbolizer: module.symbolizer(),
            debug: OnceCell::new(),
            variables: OnceCell::new(),
        }
    }

    /// Says what debug information there is.
    pub fn status(&self) -> DebugStatus {
        self.debug().status
    }

    /// Returns the frames at `offset` of `section`: the innermost inlined function first, the function that the code
    /// belongs to last. Empty if nothing is known.
    ///
    /// For a return address ask for the byte before it, which belongs to the call.
    pub fn frames(&self, section: SectionId, offset: u64) -> Vec<Frame> {
        let Some(address) = self.bases.address(section, offset) else {
            return Vec::new();
        };
        let mut frames = match &self.debug().context {
            Some(context) => frames_at(context, address),
            None => Vec::new(),
        };
        // Without debug information, and in the padding between functions, the symbol table knows the name.
        let symbol = self.symbolizer.resolve(section, offset).map(|symbol| symbol.name.to_owned());
        match frames.last_mut() {
            Some(outermost) if outermost.function.is_none() => outermost.function = symbol,
            Some(_) => {}
            None => frames.extend(symbol.map(|name| Frame { function: Some(name), ..Frame::default() })),
        }
        frames
    }

    /// Returns the variable that covers `offset` of `section`: a global one or a static one, also inside of a function.
    pub fn variable(&self, section: SectionId, offset: u64) -> Option<Variable> {
        let variables = self.variables.get_or_init(|| {
            VariableIndex::new(&self.debug().dwarf, |address| self.bases.place(address), &self.symbolizer)
        });
        variables.find(section, offset).or_else(|| {
            let (symbol, inside) = self.symbolizer.object(section, offset)?;
            Some(Variable { name: symbol.name.to_string(), offset: inside, size: symbol.size, file: None, line: None })
        })
    }

    fn debug(&self) -> &Debug {
        self.debug.get_or_init(|| {
            let (dwarf, found) = load(&self.file, &self.bases, &self.symbols);
            let dwarf = Arc::new(dwarf);
            let context = addr2line::Context::from_arc_dwarf(Arc::clone(&dwarf)).ok();
            let status = if context.is_none() { DebugStatus::Damaged } else { found };
            Debug { dwarf, context, status }
        })
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("loaded", &self.debug.get().is_some()).finish_non_exhaustive()
    }
}

fn frames_at(context: &addr2line::Context<Reader>, address: u64) -> Vec<Frame> {
    let mut found = Vec::new();
    // Split debug information is in other files, which are not looked for.
    let Ok(mut frames) = context.find_frames(address).skip_all_loads() else {
        return found;
    };
    while let Ok(Some(frame)) = frames.next() {
        let location = frame.location.as_ref();
        found.push(Frame {
            function: frame.function.as_ref().and_then(|name| name.raw_name().ok()).map(|name| name.into_owned()),
            file: location.and_then(|location| location.file).map(str::to_owned),
            line: location.and_then(|location| location.line).filter(|line| *line != 0),
            column: location.and_then(|location| location.column).filter(|column| *column != 0),
        });
    }
    found
}
