//! Module images: placing sections, relocating, protecting, unloading.
//!
//! A load plan from `kloom-elf` becomes two ranges of pages: the core image and the init image, which is unmapped when
//! the init function has returned. Pages of an unloaded module fault at once and are not used again while other
//! addresses are left, so that a thread that returns into one is seen.
//!
//! A machine that is wound back and loads the same modules again keeps their code: see [`Images::keep`].

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kloom_elf::{Module, Relocation, SectionId, SectionKind, SymbolId, SymbolPlace};

use crate::arena::{Arena, PagePerm};
use crate::layout::{KDATA, PERCPU_STRIDE};
use crate::thunk::{self, THUNK_SIZE, Target};

/// What an undefined symbol resolves to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// A function of kloom's, called through a thunk.
    Function(Target),
    /// An address: a variable of the kernel, a symbol of another module, or 0 for a weak one.
    Address(u64),
}

/// What each of a module's undefined symbols resolves to, in the order of [`Module::undefined`].
pub type Imports = Rc<[(SymbolId, Resolved)]>;

/// Where a section went.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// First address; 0 if the section was not placed.
    pub addr: u64,
    /// Bytes.
    pub size: u64,
    /// Goes away after init.
    pub init: bool,
}

/// A loaded image.
#[derive(Clone, Debug)]
pub struct Image {
    /// Where each section of the plan went, by section number.
    pub sections: Rc<[Placed]>,
    /// The core range: address and bytes.
    pub core: (u64, u64),
    /// The init range.
    pub init: (u64, u64),
    /// Whether the init range is still mapped.
    pub init_live: bool,
    /// The plan, for symbols and lines.
    pub module: Rc<Module>,
    /// Copies of the per-CPU section, by CPU: address of the first, bytes from one to the next.
    pub percpu: (u64, u64),
    /// Its init function, 0 if it has none.
    pub init_function: u64,
    /// Its exit function, 0 if it has none.
    pub exit_function: u64,
    /// The thunks, ascending by address: where, and the function each jumps to.
    thunks: Rc<[(u64, SymbolId)]>,
    /// Ranges of one protection each: address, bytes, group.
    ranges: Rc<[(u64, u64, usize)]>,
}

/// Why an image could not be placed.
#[derive(Clone, Debug)]
pub enum PlaceError {
    /// No room in the image window.
    NoMemory,
    /// A relocation does not fit.
    Relocation(kloom_elf::RelocError),
    /// The host refused to change protections (errno).
    Host(i32),
}

impl Image {
    /// The address of a symbol the module defines.
    pub fn symbol_addr(&self, name: &str) -> Option<u64> {
        let symbol = &self.module.symbols[self.module.symbol(name)?.index()];
        self.symbol_place(symbol)
    }

    fn symbol_place(&self, symbol: &kloom_elf::Symbol) -> Option<u64> {
        match symbol.place {
            SymbolPlace::Section(section) => Some(self.sections[section.index()].addr.wrapping_add(symbol.value)),
            SymbolPlace::Absolute => Some(symbol.value),
            _ => None,
        }
    }

    /// The name of the exported function whose thunk is at `addr`.
    pub fn thunk_name(&self, addr: u64) -> Option<&str> {
        let index = self.thunks.binary_search_by_key(&addr, |thunk| thunk.0).ok()?;
        Some(self.imported(self.thunks[index].1))
    }

    /// The name of the exported function whose thunk `addr` lies in, and where in it.
    pub fn thunk_at(&self, addr: u64) -> Option<(&str, u64)> {
        let index = self.thunks.partition_point(|thunk| thunk.0 <= addr).checked_sub(1)?;
        let (start, symbol) = self.thunks[index];
        (addr - start < THUNK_SIZE).then(|| (self.imported(symbol), addr - start))
    }

    fn imported(&self, symbol: SymbolId) -> &str {
        &self.module.symbols[symbol.index()].name
    }

    /// The section and offset an address lies in.
    pub fn locate(&self, addr: u64) -> Option<(SectionId, u64)> {
        locate(&self.sections, addr)
    }

    /// Whether an address lies in the image, mapped or not.
    pub fn contains(&self, addr: u64) -> bool {
        addr.wrapping_sub(self.core.0) < self.core.1 || addr.wrapping_sub(self.init.0) < self.init.1
    }
}

/// The section among `sections` that an address lies in, and where in it.
pub fn locate(sections: &[Placed], addr: u64) -> Option<(SectionId, u64)> {
    sections.iter().enumerate().find_map(|(index, placed)| {
        let offset = addr.wrapping_sub(placed.addr);
        (placed.addr != 0 && offset < placed.size).then_some((SectionId(index as u32), offset))
    })
}

/// Protection groups in the order they are laid out; each starts on a page of its own.
fn group(kind: SectionKind, writable: bool) -> usize {
    match kind {
        SectionKind::Text | SectionKind::ExitText | SectionKind::InitText => TEXT,
        _ if !writable && !matches!(kind, SectionKind::Bss | SectionKind::ThisModule | SectionKind::Param) => CONSTANTS,
        _ => DATA,
    }
}

const TEXT: usize = 0;
const CONSTANTS: usize = 1;
const DATA: usize = 2;

/// Places images in the window of one machine.
#[derive(Debug, Default)]
pub struct Images {
    next: u64,
    /// Images that were loaded before the machine was wound back; `None` unless told to keep them.
    kept: Option<Vec<Kept>>,
    /// Files that were parsed while told to keep images.
    parsed: Vec<(Rc<Vec<u8>>, Rc<Module>)>,
    /// What they import, if the same is found every time.
    resolved: Vec<(Rc<Module>, Imports)>,
    /// Code of kept images that must not run any more but still could: address and bytes.
    due: Vec<(u64, u64)>,
    /// Where code of kept images begins that cannot run.
    shut: BTreeSet<u64>,
}

/// An image as it was when it had just been loaded. Its code and constants are where they were.
#[derive(Debug)]
struct Kept {
    /// Offset in the window, and bytes.
    start: u64,
    total: u64,
    imports: Imports,
    image: Image,
    /// Address and content of what the module can write.
    data: Vec<(u64, Vec<u8>)>,
}

impl Kept {
    /// Makes the image what it was: memory that can be written gets its content back, code can run again.
    fn load(
        &self,
        arena: &mut Arena,
        due: &mut Vec<(u64, u64)>,
        shut: &mut BTreeSet<u64>,
    ) -> Result<Image, PlaceError> {
        for &(start, len, group) in self.image.ranges.iter() {
            match group {
                TEXT if shut.remove(&start) => {
                    protect(arena, start, len, libc::PROT_READ | libc::PROT_EXEC, PagePerm::Read)?;
                }
                TEXT => {
                    due.retain(|range| range.0 != start);
                    arena.set_image_perm(start, len, PagePerm::Read);
                }
                CONSTANTS => arena.set_image_perm(start, len, PagePerm::Read),
                _ => arena.set_image_perm(start, len, PagePerm::ReadWrite),
            }
        }
        for (start, bytes) in &self.data {
            write(*start, bytes);
        }
        Ok(self.image.clone())
    }
}

impl Images {
    /// Loads `module`: places sections, applies relocations (undefined symbols are `imports`), sets protections.
    ///
    /// # Errors
    /// No room, or a relocation that does not fit.
    pub fn load(
        &mut self,
        arena: &mut Arena,
        module: Rc<Module>,
        ctx: u64,
        cpus: u32,
        imports: Imports,
    ) -> Result<Image, PlaceError> {
        if let Some(kept) = self.kept.as_ref().and_then(|kept| {
            kept.iter().find(|kept| {
                kept.start == self.next && Rc::ptr_eq(&kept.image.module, &module) && kept.imports == imports
            })
        }) {
            self.next += kept.total;
            return kept.load(arena, &mut self.due, &mut self.shut);
        }
        let thunks = imports.iter().filter(|(_, resolved)| matches!(resolved, Resolved::Function(_))).count() as u64;
        let percpu_bytes =
            module.section_of(SectionKind::PerCpu).map_or(0, |section| module.sections[section.index()].size);
        if percpu_bytes > PERCPU_STRIDE {
            return Err(PlaceError::NoMemory);
        }
        let layout = plan_layout(&module, thunks * THUNK_SIZE, cpus);
        let total = layout.core_size + layout.init_size;
        if self.next + total + 0x1000 > KDATA {
            return Err(PlaceError::NoMemory);
        }
        let start = self.next;
        let core = arena.image_base() + start;
        let init = core + layout.core_size;
        // An unmapped page between images, so that running off one is seen.
        self.next += total + 0x1000;
        if let Some(kept) = &mut self.kept {
            kept.retain(|kept| kept.start + kept.total <= start || start + total <= kept.start);
            let elsewhere = |at: u64| at < core || core + total <= at;
            self.due.retain(|&(at, _)| elsewhere(at));
            self.shut.retain(|&at| elsewhere(at));
        }
        let mut image = Image {
            sections: layout
                .sections
                .iter()
                .map(|section| Placed {
                    addr: if section.init { init } else { core } + section.offset,
                    size: section.size,
                    init: section.init,
                })
                .collect(),
            core: (core, layout.core_size),
            init: (init, layout.init_size),
            init_live: layout.init_size > 0,
            module: Rc::clone(&module),
            percpu: (core + layout.percpu, layout.percpu_stride),
            init_function: 0,
            exit_function: 0,
            thunks: Rc::default(),
            ranges: layout.protections(core, init).into(),
        };
        protect(arena, core, total, libc::PROT_READ | libc::PROT_WRITE, PagePerm::ReadWrite)?;
        copy_sections(&module, &image);
        let mut addresses: BTreeMap<u32, u64> = BTreeMap::new();
        let mut thunk_at = core + layout.thunks;
        let mut thunks = Vec::new();
        for &(id, resolved) in imports.iter() {
            let addr = match resolved {
                Resolved::Address(addr) => addr,
                Resolved::Function(target) => {
                    let code = thunk::emit(target, ctx);
                    write(thunk_at, &code);
                    thunks.push((thunk_at, id));
                    thunk_at += THUNK_SIZE;
                    thunk_at - THUNK_SIZE
                }
            };
            addresses.insert(id.0, addr);
        }
        image.thunks = thunks.into();
        image.init_function = image.symbol_addr("init_module").unwrap_or(0);
        image.exit_function = image.symbol_addr("cleanup_module").unwrap_or(0);
        for relocation in &module.relocations {
            apply(&module, &image, relocation, &addresses)?;
        }
        self.fan_out_percpu(&module, &mut image, cpus);
        for &(start, len, group) in image.ranges.iter() {
            let (prot, perm) = match group {
                TEXT => (libc::PROT_READ | libc::PROT_EXEC, PagePerm::Read),
                CONSTANTS => (libc::PROT_READ, PagePerm::Read),
                _ => (libc::PROT_READ | libc::PROT_WRITE, PagePerm::ReadWrite),
            };
            protect(arena, start, len, prot, perm)?;
        }
        if let Some(kept) = &mut self.kept {
            let data =
                image.ranges.iter().filter(|range| range.2 == DATA).map(|&(start, len, _)| (start, read(start, len)));
            kept.push(Kept { start, total: total + 0x1000, data: data.collect(), imports, image: image.clone() });
        }
        Ok(image)
    }

    /// The load plan of a module file.
    ///
    /// # Errors
    /// The file is no module.
    pub fn parse(&mut self, bytes: &Rc<Vec<u8>>) -> Result<Rc<Module>, kloom_elf::LoadError> {
        if let Some((_, module)) = self.parsed.iter().find(|(known, _)| Rc::ptr_eq(known, bytes) || known == bytes) {
            return Ok(Rc::clone(module));
        }
        let module = Rc::new(kloom_elf::parse(bytes)?);
        if self.kept.is_some() {
            self.parsed.push((Rc::clone(bytes), Rc::clone(&module)));
        }
        Ok(module)
    }

    /// The imports of a module that [`Images::found_imports`] was told.
    pub fn imports(&self, module: &Rc<Module>) -> Option<Imports> {
        let (_, imports) = self.resolved.iter().find(|(known, _)| Rc::ptr_eq(known, module))?;
        Some(Rc::clone(imports))
    }

    /// Takes note of a module's imports, which do not depend on what else is loaded.
    pub fn found_imports(&mut self, module: &Rc<Module>, imports: &Imports) {
        if self.kept.is_some() {
            self.resolved.push((Rc::clone(module), Rc::clone(imports)));
        }
    }

    /// From now on an unloaded image's code stays where it is, without access, for the time when the same module is loaded
    /// there again. That is after [`Images::restore`]; until then its addresses are not used.
    pub fn keep(&mut self) {
        self.kept.get_or_insert_default();
    }

    /// As if no image had ever been loaded. None may be loaded now.
    pub fn restore(&mut self) {
        self.next = 0;
    }

    /// Every CPU gets a copy of the initialised per-CPU section.
    fn fan_out_percpu(&self, module: &Module, image: &mut Image, cpus: u32) {
        let Some(section) = module.section_of(SectionKind::PerCpu) else { return };
        let first = image.sections[section.index()];
        let bytes = read(first.addr, first.size);
        for cpu in 1..u64::from(cpus) {
            write(first.addr + cpu * image.percpu.1, &bytes);
        }
        image.percpu.0 = first.addr;
    }

    /// Takes access to the init range away.
    pub fn free_init(&mut self, arena: &mut Arena, image: &mut Image) {
        if image.init_live {
            image.init_live = false;
            self.close(arena, image, image.init);
        }
    }

    fn close(&mut self, arena: &mut Arena, image: &Image, (start, len): (u64, u64)) {
        if self.kept.is_none() {
            let _ = protect(arena, start, len, libc::PROT_NONE, PagePerm::None);
            return;
        }
        // All accesses of module code are checked but for fetches. A change of the host's protections costs more than
        // most executions have left to do, so it waits for code that could fetch there.
        arena.set_image_perm(start, len, PagePerm::None);
        let code = image.ranges.iter().filter(|range| range.2 == TEXT && range.0 == start);
        if start != image.init.0 || names_init_code(&image.module) {
            for &(at, len, _) in code {
                if !self.shut.contains(&at) && !self.due.contains(&(at, len)) {
                    self.due.push((at, len));
                }
            }
        }
    }

    /// Whether code is left that must not run any more but still could: see [`Images::shut`].
    pub fn has_open_code(&self) -> bool {
        !self.due.is_empty()
    }

    /// Lets the host fault who runs code that is no longer there. Whoever runs module code calls it before.
    pub fn shut(&mut self, arena: &mut Arena) {
        for (at, len) in self.due.drain(..) {
            if protect(arena, at, len, libc::PROT_NONE, PagePerm::None).is_ok() {
                self.shut.insert(at);
            }
        }
    }

    /// Unmaps everything.
    pub fn unload(&mut self, arena: &mut Arena, image: &mut Image) {
        self.free_init(arena, image);
        self.close(arena, image, image.core);
        if self.kept.is_some() {
            return;
        }
        // SAFETY: the range is this image's own; nothing refers to its content any more.
        unsafe {
            libc::madvise(
                image.core.0 as *mut libc::c_void,
                (image.core.1 + image.init.1) as usize,
                libc::MADV_DONTNEED,
            )
        };
    }
}

/// Whether anything in a module but its init pointer holds an address in its init code. If nothing does, nobody gets there
/// when the init function has returned.
fn names_init_code(module: &Module) -> bool {
    module.relocations.iter().any(|relocation| {
        let SymbolPlace::Section(target) = module.symbols[relocation.symbol.index()].place else { return false };
        module.sections[target.index()].kind == SectionKind::InitText
            && module.sections[relocation.section.index()].kind != SectionKind::ThisModule
    })
}

struct SectionPlace {
    offset: u64,
    size: u64,
    init: bool,
}

struct Layout {
    sections: Vec<SectionPlace>,
    core_size: u64,
    init_size: u64,
    thunks: u64,
    percpu: u64,
    percpu_stride: u64,
    /// Start offset of each group, core then init.
    groups: [[u64; 4]; 2],
}

impl Layout {
    fn protections(&self, core: u64, init: u64) -> Vec<(u64, u64, usize)> {
        let mut out = Vec::new();
        for (part, base) in [(0, core), (1, init)] {
            for group in 0..3 {
                let (start, end) = (self.groups[part][group], self.groups[part][group + 1]);
                if end > start {
                    out.push((base + start, end - start, group));
                }
            }
        }
        out
    }
}

fn plan_layout(module: &Module, thunk_bytes: u64, cpus: u32) -> Layout {
    let mut sections: Vec<SectionPlace> = module
        .sections
        .iter()
        .map(|section| SectionPlace { offset: 0, size: section.size, init: section.is_init() })
        .collect();
    let mut groups = [[0; 4]; 2];
    let (mut thunks, mut percpu, mut percpu_stride) = (0, 0, 0);
    for (part, starts) in groups.iter_mut().enumerate() {
        let mut at = 0;
        for (index, start) in starts.iter_mut().enumerate().take(3) {
            *start = at;
            for (section, place) in module.sections.iter().zip(&mut sections) {
                if place.init != (part == 1) || group(section.kind, section.writable) != index {
                    continue;
                }
                at = u64::next_multiple_of(at, section.align.max(1));
                place.offset = at;
                at += section.size;
                if section.kind == SectionKind::PerCpu {
                    percpu = place.offset;
                    percpu_stride = PERCPU_STRIDE;
                    at = place.offset + percpu_stride * u64::from(cpus);
                }
            }
            if part == 0 && index == 0 {
                thunks = u64::next_multiple_of(at, 16);
                at = thunks + thunk_bytes;
            }
            at = at.next_multiple_of(4096);
        }
        starts[3] = at;
    }
    Layout { sections, core_size: groups[0][3], init_size: groups[1][3], thunks, percpu, percpu_stride, groups }
}

fn copy_sections(module: &Module, image: &Image) {
    for (section, placed) in module.sections.iter().zip(image.sections.iter()) {
        if !section.data.is_empty() {
            write(placed.addr, &section.data);
        }
    }
}

fn apply(
    module: &Module,
    image: &Image,
    relocation: &Relocation,
    undefined: &BTreeMap<u32, u64>,
) -> Result<(), PlaceError> {
    let place = image.sections[relocation.section.index()].addr + relocation.offset;
    let symbol = &module.symbols[relocation.symbol.index()];
    let target = image.symbol_place(symbol).or_else(|| undefined.get(&relocation.symbol.0).copied()).unwrap_or(0);
    let mut existing = [0; 8];
    let width = relocation.kind.width();
    // SAFETY: the plan guarantees that the patched bytes lie inside the section, which is mapped.
    unsafe { std::ptr::copy_nonoverlapping(place as *const u8, existing.as_mut_ptr(), width) };
    let patch = relocation.patch(&existing[..width], target, place).map_err(PlaceError::Relocation)?;
    write(place, patch.bytes());
    Ok(())
}

/// Content of an image that is being built.
fn read(addr: u64, len: u64) -> Vec<u8> {
    // SAFETY: called only for ranges inside the image being loaded, which is mapped.
    unsafe { std::slice::from_raw_parts(addr as *const u8, len as usize).to_vec() }
}

/// Writes into an image that is being built.
fn write(addr: u64, bytes: &[u8]) {
    // SAFETY: called only for ranges inside the image being loaded, which is mapped writable at that time.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), addr as *mut u8, bytes.len()) };
}

fn protect(arena: &mut Arena, addr: u64, len: u64, prot: libc::c_int, perm: PagePerm) -> Result<(), PlaceError> {
    if len == 0 {
        return Ok(());
    }
    // SAFETY: the range lies in this machine's image window; module code that runs there afterwards faults as it must.
    if unsafe { libc::mprotect(addr as *mut libc::c_void, len as usize, prot) } != 0 {
        return Err(PlaceError::Host(std::io::Error::last_os_error().raw_os_error().unwrap_or(0)));
    }
    arena.set_image_perm(addr, len, perm);
    Ok(())
}
