//! Golden dumps of the compiled modules in `testfiles/`. Accept changes with `SNAPSHOTS=overwrite`.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use kloom_elf::{DebugStatus, Frame, Lines, Module, SectionId, SectionKind, Variable};
use snapbox::{Data, assert_data_eq};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testfiles").join(name)
}

#[track_caller]
fn load(name: &str) -> Module {
    let bytes = fs::read(path(name)).unwrap();
    kloom_elf::parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[track_caller]
fn check_golden(golden: &str, actual: String) {
    let expected = Data::read_from(&path(golden), Some(snapbox::data::DataFormat::Text)).raw();
    assert_data_eq!(Data::text(actual).raw(), expected);
}

#[test]
fn dumps() {
    for name in ["mini", "mini-nodebug", "full-dwarf5", "common"] {
        let module = load(&format!("{name}.ko"));
        common::walk(&module);
        assert!(common::look_up(&module.lines(), &module) > 0);
        check_golden(&format!("{name}.readko"), kloom_elf::dump(&module));
    }
}

#[test]
fn lines_and_variables_of_dwarf_5_and_4() {
    for name in ["full-dwarf5.ko", "full-dwarf4.ko"] {
        let module = load(name);
        let lines = module.lines();
        assert_eq!(lines.status(), DebugStatus::Present);
        // One golden for both: the code is the same, so are the answers.
        check_golden("full.lines", line_map(&module, &lines));
    }
}

/// Writes frames and variables for every byte of the module, equal neighbours joined.
fn line_map(module: &Module, lines: &Lines) -> String {
    let mut out = String::new();
    for (index, section) in (0u32..).zip(&module.sections) {
        let describe = |offset| match section.executable {
            true => lines.frames(SectionId(index), offset).iter().map(show_frame).collect(),
            false => lines.variable(SectionId(index), offset).as_ref().map_or(String::new(), show_variable),
        };
        let mut start = 0;
        while start < section.size {
            let text = describe(start);
            let end = (start..section.size).find(|at| describe(*at) != text).unwrap_or(section.size);
            if !text.is_empty() {
                writeln!(out, "{}+{start:#x}..{end:#x}{text}", section.name).unwrap();
            }
            start = end;
        }
    }
    out
}

fn show_frame(frame: &Frame) -> String {
    let number = |n: Option<u32>| n.map_or("?".to_owned(), |n| n.to_string());
    let function = frame.function.as_deref().unwrap_or("?");
    let file = frame.file.as_deref().unwrap_or("?");
    format!(" | {function} {file}:{}:{}", number(frame.line), number(frame.column))
}

fn show_variable(variable: &Variable) -> String {
    let file = variable.file.as_deref().unwrap_or("?");
    let line = variable.line.map_or("?".to_owned(), |n| n.to_string());
    format!(" | {} ({} bytes) {file}:{line}", variable.name, variable.size)
}

/// Finds the place of the first relocation in `section` against the symbol `target`.
#[track_caller]
fn call_to(module: &Module, section: &str, target: &str) -> (SectionId, u64) {
    let found = module.relocations.iter().find(|relocation| {
        &*module.sections[relocation.section.index()].name == section
            && &*module.symbols[relocation.symbol.index()].name == target
    });
    let found = found.unwrap_or_else(|| panic!("no use of {target} in {section}"));
    (found.section, found.offset)
}

#[track_caller]
fn source_line(file: &str, number: Option<u32>) -> String {
    let text = fs::read_to_string(path(file)).unwrap();
    let index = number.expect("a line number") as usize - 1;
    text.lines().nth(index).unwrap().trim().to_owned()
}

#[test]
fn inlined_calls_name_the_right_source_lines() {
    let module = load("full-dwarf5.ko");
    let lines = module.lines();
    let (section, offset) = call_to(&module, ".text", "helper_twist");
    let frames = lines.frames(section, offset);
    let seen: Vec<_> =
        frames.iter().map(|frame| (frame.function.as_deref().unwrap(), source_line("full.c", frame.line))).collect();
    assert_eq!(
        seen,
        [
            ("clamp_word", "n = helper_twist(n) & 1;".to_owned()),
            ("pick", "return words[clamp_word(n)];".to_owned()),
            ("greet", "_printk(\"%s %s %d\\n\", greeting, pick(n), count_calls(n));".to_owned()),
        ]
    );
    assert!(frames.iter().all(|frame| frame.file.as_deref() == Some("testfiles/full.c")), "{frames:?}");

    // The other compilation unit, and a section of its own: same offsets, other answers.
    let (section, offset) = call_to(&module, ".exit.text", "msleep");
    let frames = lines.frames(section, offset);
    assert_eq!(frames[0].function.as_deref(), Some("cleanup_module"));
    assert_eq!(source_line("full.c", frames[0].line), "msleep(10);");
    let (section, offset) = call_to(&module, ".text", "msleep");
    let frames = lines.frames(section, offset);
    assert_eq!(frames[0].function.as_deref(), Some("twist_right"));
    assert_eq!(source_line("helper.c", frames[0].line), "msleep(1);");
}

#[test]
fn variables_name_their_declarations() {
    let module = load("full-dwarf5.ko");
    let lines = module.lines();
    let mut checked = 0;
    for (name, size, text) in [
        ("shared_total", 4, "int shared_total;"),
        ("greeting", 8, "static char *greeting = \"hello\";"),
        ("words", 24, "static const char *const words[] = { \"one\", \"two\", \"three\" };"),
        ("hits", 16, "static __percpu long hits[2] = { 7, 8 };"),
        ("helper_runs", 8, "long helper_runs = 1;"),
    ] {
        let symbol = &module.symbols[module.symbol(name).unwrap().index()];
        let kloom_elf::SymbolPlace::Section(section) = symbol.place else { panic!("{name}") };
        for inside in [0, size - 1] {
            let variable = lines.variable(section, symbol.value + inside).unwrap();
            assert_eq!((variable.name.as_str(), variable.size, variable.offset), (name, size, inside));
            let file = variable.file.unwrap();
            let file = file.strip_prefix("testfiles/").unwrap();
            assert_eq!(source_line(file, variable.line), text);
            checked += 1;
        }
    }
    assert_eq!(checked, 10);
    // A static variable of a function is called as in the source, not `calls.0` as in the symbol table.
    let symbol = module.symbols.iter().find(|symbol| symbol.name.starts_with("calls.")).unwrap();
    let kloom_elf::SymbolPlace::Section(section) = symbol.place else { panic!("calls") };
    assert_eq!(lines.variable(section, symbol.value).unwrap().name, "calls");
}

#[test]
fn lines_outlive_the_module() {
    let module = load("mini.ko");
    let text = module.section_of(SectionKind::InitText).unwrap();
    let lines = module.lines();
    drop(module);
    let frames = lines.frames(text, 0);
    assert_eq!(frames[0].function.as_deref(), Some("init_module"));
    assert_eq!(frames[0].file.as_deref(), Some("testfiles/mini.c"));
}

#[test]
fn without_debug_information_the_symbol_table_answers() {
    for (name, status) in [("mini-nodebug.ko", DebugStatus::Missing), ("full-gz.ko", DebugStatus::Compressed)] {
        let module = load(name);
        let lines = module.lines();
        assert_eq!(lines.status(), status, "{name}");
        let text = module.section_of(SectionKind::InitText).unwrap();
        let want = Frame { function: Some("init_module".to_owned()), ..Frame::default() };
        assert_eq!(lines.frames(text, 3), [want], "{name}");
    }
    let module = load("full-gz.ko");
    let symbol = &module.symbols[module.symbol("shared_total").unwrap().index()];
    let kloom_elf::SymbolPlace::Section(section) = symbol.place else { panic!("shared_total") };
    let variable = module.lines().variable(section, symbol.value + 1).unwrap();
    assert_eq!(variable, Variable { name: "shared_total".to_owned(), offset: 1, size: 4, file: None, line: None });
}

#[test]
fn nearest_symbols_as_percent_ps_prints_them() {
    let module = load("full-dwarf5.ko");
    let symbolizer = module.symbolizer();
    let text = module.section_of(SectionKind::Text).unwrap();
    let size = module.sections[text.index()].size;
    let mut seen = Vec::new();
    for offset in 0..=size {
        let found = symbolizer.resolve(text, offset).unwrap();
        assert!(found.offset <= found.size);
        if found.offset == 0 {
            seen.push(found.name.to_owned());
        }
    }
    assert_eq!(seen, ["count_calls", "greet", "twist_left", "twist_right", "helper_twist"]);
    let last = symbolizer.resolve(text, size).unwrap();
    assert_eq!((last.name, last.offset), ("helper_twist", last.size));
    assert!(symbolizer.resolve(text, size + 1).is_none());
}

#[test]
fn modinfo_imports_and_exports() {
    let module = load("full-dwarf5.ko");
    assert_eq!(module.name(), Some("full"));
    assert_eq!(module.license(), Some("Dual MIT/GPL"));
    assert_eq!(module.vermagic(), Some("6.1.0-kloom SMP preempt mod_unload "));
    assert_eq!(module.modinfo().depends().collect::<Vec<_>>(), ["helperlib", "otherlib"]);
    let params: Vec<_> = module.params().iter().map(|p| (p.name, p.type_name, p.description)).collect();
    assert_eq!(params, [("greeting", Some("charp"), None), ("rounds", Some("int"), Some("how often to greet"))]);
    let imports: Vec<_> = module.imports().iter().map(|import| (import.name, import.weak)).collect();
    assert_eq!(
        imports,
        [
            ("_printk", false),
            ("optional_hook", true),
            ("msleep", false),
            ("param_ops_charp", false),
            ("param_ops_int", false),
        ]
    );
    let exports = module.exports();
    let seen: Vec<_> = exports.iter().map(|export| (export.name.as_str(), export.gpl_only)).collect();
    assert_eq!(seen, [("shared_total", true), ("greet", false)]);
}

#[test]
fn common_symbols_get_a_section() {
    let module = load("common.ko");
    let bss = module.sections.last().unwrap();
    assert_eq!((&*bss.name, bss.kind, bss.align, bss.elf_index), ("COMMON", SectionKind::Bss, 64, 0));
    let mut taken = vec![false; usize::try_from(bss.size).unwrap()];
    for id in &module.commons {
        let symbol = &module.symbols[id.index()];
        for byte in symbol.value..symbol.value + symbol.size {
            let byte = usize::try_from(byte).unwrap();
            assert!(!taken[byte], "{} overlaps", symbol.name);
            taken[byte] = true;
        }
    }
    assert_eq!(module.commons.len(), 3);
    let buffer = &module.symbols[module.symbol("common_buffer").unwrap().index()];
    assert_eq!(buffer.value % 64, 0);
    let id = SectionId(u32::try_from(module.sections.len() - 1).unwrap());
    let variable = module.lines().variable(id, buffer.value + 5).unwrap();
    assert_eq!((variable.name.as_str(), variable.offset, variable.size), ("common_buffer", 5, 100));
    assert_eq!(source_line("common.c", variable.line), "char common_buffer[100] __attribute__((aligned(64)));");
}
