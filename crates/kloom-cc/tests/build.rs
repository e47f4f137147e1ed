//! Builds real modules with the system's compiler against a few headers of its own.

use std::fs;
use std::path::{Path, PathBuf};

use kloom_cc::{Built, CcError, Config, Hint, Input, Missing, NotBuildable, SourceNote, build};
use tempfile::TempDir;

const HELLO: &str = "#include <linux/module.h>\n\
    static int n;\n\
    static int __init hello(void)\n{\n\tprintk(\"hi %d\\n\", n++);\n\treturn 0;\n}\n\
    static void __exit bye(void)\n{\n\tn--;\n}\n\
    module_init(hello);\nmodule_exit(bye);\nMODULE_LICENSE(\"GPL\");\n";

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Place { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn config(&self) -> Config {
        let mut config = Config::new(self.path().join("cache"));
        config.cwd = self.path().to_path_buf();
        config.headers_dir = Some(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/include"));
        config
    }

    fn try_build(&self, name: &str) -> Result<Built, CcError> {
        build(&self.config(), &Input::Paths(vec![name.into()]))
    }

    #[track_caller]
    fn build(&self, name: &str) -> Built {
        match self.try_build(name) {
            Ok(built) => built,
            Err(error) => {
                panic!("{error}\n{}", error.output().map_or("", |output| &output.stderr))
            }
        }
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn makes_an_instrumented_module() {
    let place = Place::new();
    let built = place.file("my-mod.c", HELLO).build("my-mod.c");
    let module = &built.modules[0];
    assert_eq!((module.name.as_str(), module.file_name.as_str()), ("my_mod", "my-mod.ko"));
    assert_eq!(fs::read(&module.ko_path).unwrap(), module.ko);
    let imports = kloom_cc::imports(&module.ko).unwrap();
    for symbol in ["_printk", "__tsan_func_entry", "__tsan_read4", "__sanitizer_cov_trace_pc"] {
        assert!(imports.iter().any(|name| name == symbol), "{symbol} in {imports:?}");
    }
    for text in ["vermagic=6.1.0-kloom SMP preempt mod_unload\0", "name=my_mod\0", "depends=\0", "license=GPL\0"] {
        assert!(contains(&module.ko, text), "{text}");
    }
    assert!(module.notes.is_empty(), "{:?}", module.notes);
    assert_eq!(module.sources, [("my-mod.c".to_owned(), HELLO.to_owned())]);
}

#[test]
fn output_does_not_depend_on_directories() {
    let (a, b) = (Place::new(), Place::new());
    let text = HELLO.replace("hi %d", "\u{a0}at \" __FILE__ __DATE__ __TIME__ \" %d");
    a.file("d/m.c", &text);
    b.file("d/m.c", &text);
    let (one, two) = (a.build("d/m.c"), b.build("d/m.c"));
    assert_eq!(one.modules[0].ko, two.modules[0].ko);
    assert!(!contains(&one.modules[0].ko, &a.path().to_string_lossy()));
    assert!(contains(&one.modules[0].ko, "d/m.c"));
    assert!(contains(&one.modules[0].ko, "Dec 11 2022"));
}

#[test]
fn clang_builds_too() {
    let place = Place::new();
    let mut config = place.config();
    config.compiler = Some("clang".into());
    place.file("m.c", HELLO);
    match build(&config, &Input::Paths(vec!["m.c".into()])) {
        Ok(built) => {
            let imports = kloom_cc::imports(&built.modules[0].ko).unwrap();
            assert!(imports.iter().any(|name| name == "__tsan_func_entry"));
            assert!(imports.iter().any(|name| name == "__sanitizer_cov_trace_pc"));
        }
        Err(CcError::NoCompiler { tried }) => assert_eq!(tried, ["clang"]),
        Err(error) => panic!("{error}: {:?}", error.output()),
    }
}

#[test]
fn cache_hits_misses_and_repairs_itself() {
    let place = Place::new();
    place.file("m.c", format!("#include \"h.h\"\n{HELLO}")).file("h.h", "#define A 1\n");
    let first = place.build("m.c");
    assert!(!first.modules[0].from_cache);
    let second = place.build("m.c");
    assert!(second.modules[0].from_cache);
    assert_eq!(first.modules[0].ko, second.modules[0].ko);

    place.file("h.h", "#define A 2\n");
    assert!(!place.build("m.c").modules[0].from_cache, "a header counts");

    let hit = place.build("m.c");
    assert!(hit.modules[0].from_cache);
    for (name, damage) in [("m.ko", b"junk".as_slice()), ("meta.json", b"{}"), ("meta.json", b"")] {
        fs::write(hit.modules[0].ko_path.with_file_name(name), damage).unwrap();
        let rebuilt = place.build("m.c");
        assert!(!rebuilt.modules[0].from_cache, "{name}");
        assert_eq!(rebuilt.modules[0].ko, hit.modules[0].ko);
    }
    let mut config = place.config();
    config.extra_defines.push("X=1".to_owned());
    assert!(!build(&config, &Input::Paths(vec!["m.c".into()])).unwrap().modules[0].from_cache);
}

#[test]
fn computed_includes_count_as_inputs() {
    let place = Place::new();
    place.file("m.c", format!("#define H \"h.h\"\n#include H\nint a = A;\n{HELLO}")).file("h.h", "#define A 1\n");
    place.build("m.c");
    assert!(place.build("m.c").modules[0].from_cache);
    place.file("h.h", "#define A 2\n");
    assert!(!place.build("m.c").modules[0].from_cache);
    assert!(place.build("m.c").modules[0].from_cache);
}

#[test]
fn concurrent_builds_agree() {
    let place = Place::new();
    place.file("m.c", HELLO);
    let kos: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..6).map(|_| scope.spawn(|| place.build("m.c").modules[0].ko.clone())).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    assert!(kos.windows(2).all(|pair| pair[0] == pair[1]));
    let left: Vec<_> = fs::read_dir(place.path().join("cache/tmp")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn cache_is_bounded() {
    let place = Place::new();
    let mut config = place.config();
    config.cache_bytes_max = 0;
    place.file("m.c", HELLO);
    let built = build(&config, &Input::Paths(vec!["m.c".into()])).unwrap();
    assert!(!built.modules[0].ko.is_empty());
    assert_eq!(fs::read_dir(place.path().join("cache/modules")).unwrap().count(), 0);
}

#[test]
fn unusable_cache_directory_is_said() {
    let place = Place::new();
    place.file("m.c", HELLO).file("cache", "a file, not a directory");
    let built = place.build("m.c");
    assert!(matches!(&built.notes[..], [SourceNote::CacheUnwritable { .. }]), "{:?}", built.notes);
    assert!(built.modules[0].ko_path.is_file());
}

#[test]
fn pasted_spaces_are_read_and_reported() {
    let place = Place::new();
    let text = HELLO.replace("static int n", "static\u{a0}int\u{a0}n").replace("return 0", "\u{a0}return\u{200b} 0");
    place.file("m.c", format!("#include \"s/h.h\"\n{text}")).file("s/h.h", "int\u{a0}z;\n");
    let built = place.build("m.c");
    assert_eq!(
        built.modules[0].notes,
        [
            SourceNote::NonBreakingSpaces { file: "m.c".into(), count: 3, first_line: 3, lines: 2 },
            SourceNote::NonBreakingSpaces { file: "s/h.h".into(), count: 1, first_line: 1, lines: 1 },
            SourceNote::InvisibleCharacters { file: "m.c".into(), count: 1, first_line: 7 },
        ]
    );
    // An error in the copy is told of the user's file and line.
    place.file("bad.c", "int\u{a0}x;\nint y = z;\n");
    let Err(CcError::Compile(output)) = place.try_build("bad.c") else { panic!("compiles") };
    assert!(output.stderr.contains("bad.c:2:9: error"), "{}", output.stderr);
    assert!(!output.stderr.contains("copies"), "{}", output.stderr);
    assert_eq!((output.diagnostics[0].file.as_str(), output.diagnostics[0].line), ("bad.c", 2));
}

#[test]
fn kbuild_directories() {
    let place = Place::new();
    place
        .file("d/Makefile", "ifneq ($(KERNELRELEASE),)\nobj-m := lib.o app.o\nlib-y := l1.o l2.o\nccflags-y := -I$(src)/inc -DN=3 -Werror -O0\nendif\n")
        .file("d/l1.c", "#include <linux/module.h>\n#include <two.h>\nint lib_fn(void)\n{\n\treturn two() + N;\n}\nEXPORT_SYMBOL(lib_fn);\nMODULE_LICENSE(\"GPL\");\n")
        .file("d/l2.c", "#include <two.h>\nint two(void)\n{\n\treturn 2;\n}\n")
        .file("d/inc/two.h", "int two(void);\n")
        .file("d/app.c", format!("int lib_fn(void);\nint use(void) {{ return lib_fn(); }}\n{HELLO}"));
    let built = place.build("d");
    let names: Vec<&str> = built.modules.iter().map(|module| module.name.as_str()).collect();
    assert_eq!(names, ["lib", "app"]);
    assert_eq!(kloom_cc::exports(&built.modules[0].ko).unwrap(), ["lib_fn"]);
    assert!(contains(&built.modules[1].ko, "depends=lib\0"));
    let displays: Vec<&str> = built.modules[0].sources.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(displays, ["d/l1.c", "d/l2.c", "d/inc/two.h"]);
    assert!(built.modules[0].notes.contains(&SourceNote::IgnoredFlag { flag: "-O0".into() }));
    assert!(built.modules[0].notes.contains(&SourceNote::NoInit { module: "lib".into() }));
    assert!(place.build("d").modules.iter().all(|module| module.from_cache));

    place.file("e/Makefile", "obj-m := gone.o\n");
    assert!(matches!(place.try_build("e"), Err(CcError::NoSource { .. })));
}

#[test]
fn directories_without_makefile() {
    let place = Place::new();
    place.file("d/a.c", HELLO).file("d/helper.c", "int h;\n").file("empty/readme", "");
    let built = place.build("d");
    assert_eq!(built.modules.len(), 1);
    assert_eq!(
        built.notes,
        [SourceNote::NoMakefile { dir: "d".into() }, SourceNote::NotBuilt { file: "d/helper.c".into() }]
    );
    let error = place.try_build("empty").unwrap_err();
    assert!(matches!(error, CcError::NotBuildable { reason: NotBuildable::NothingInDirectory, .. }));
}

#[test]
fn one_module_of_several_files() {
    let place = Place::new();
    place.file("a.c", HELLO).file("b.c", "int b;\n").file("c.c", "int b;\n");
    let one = |sources: &[&str]| Input::OneModule { name: None, sources: sources.iter().map(PathBuf::from).collect() };
    assert_eq!(build(&place.config(), &one(&["a.c", "b.c"])).unwrap().modules[0].name, "a");
    let Err(CcError::Link { output, .. }) = build(&place.config(), &one(&["a.c", "b.c", "c.c"])) else {
        panic!("`b` is defined twice")
    };
    assert!(output.stderr.contains("multiple definition of") && output.stderr.contains("c.o"), "{}", output.stderr);
    let twice = Input::Paths(vec!["a.c".into(), "./a.c".into()]);
    assert!(matches!(build(&place.config(), &twice), Err(CcError::DuplicateModule { .. })));
}

#[track_caller]
fn verdict(text: &str) -> (Vec<Missing>, Vec<Hint>) {
    let place = Place::new();
    match place.file("m.c", text).try_build("m.c") {
        Err(CcError::Compile(output)) => (Vec::new(), output.hints),
        Err(CcError::Unsupported { missing, output }) => (missing, output.hints),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("compiles"),
    }
}

#[test]
fn errors_are_blamed_on_the_right_side() {
    let missing = |text| verdict(text).0;
    let hints = |text| verdict(text).1;
    assert_eq!(missing("#include <linux/usb.h>\n"), [Missing::Header("linux/usb.h".into())]);
    assert_eq!(missing("#include <net/no_such_thing.h>\n"), [Missing::Header("net/no_such_thing.h".into())]);
    assert_eq!(missing("void f(void) { kthread_flush_worker(0); }\n"), [Missing::Name("kthread_flush_worker".into())]);
    assert_eq!(missing("struct usb_driver d = { 0 };\n"), [Missing::Name("usb_driver".into())]);
    assert_eq!(missing("DEFINE_SPINLOCK(x);\n"), [Missing::Name("DEFINE_SPINLOCK".into())]);
    assert_eq!(missing("int f(void) { return SCHED_FIFO; }\n"), [Missing::Name("SCHED_FIFO".into())]);
    assert_eq!(
        missing("#include <linux/module.h>\nint f(struct module *m) { return m->version != 0; }\n"),
        [Missing::Member { of: "struct module".into(), name: "version".into() }]
    );
    // The module's own.
    assert_eq!(verdict("int f(void) { return oops; }\n"), (vec![], vec![]));
    assert_eq!(verdict("int f(void) { return 0 }\n"), (vec![], vec![]));
    assert_eq!(verdict("struct my { int a; };\nint f(struct my *m) { return m->comm; }\n"), (vec![], vec![]));
    assert_eq!(
        verdict("void f(void) { msleep(1); }\n"),
        (vec![], vec![Hint::MissingInclude { name: "msleep".into(), header: "linux/delay.h".into() }])
    );
    assert_eq!(
        verdict("#include <linux/modul.h>\n"),
        (vec![], vec![Hint::SimilarHeader { header: "linux/modul.h".into(), similar: "linux/module.h".into() }])
    );
    assert_eq!(
        hints("#include <stdio.h>\nint main(void)\n{\n}\n"),
        [Hint::UserSpaceHeader { header: "stdio.h".into() }, Hint::UserSpaceProgram { file: "m.c".into() }]
    );
    assert_eq!(
        hints("\nconst char *s = \u{201c}x\u{201d};\nint f(int a) { return a &lt; 1; }\n"),
        [
            Hint::TypographicQuote { file: "m.c".into(), line: 2, found: '\u{201c}' },
            Hint::HtmlEntity { file: "m.c".into(), line: 3, entity: "&lt;".into() },
        ]
    );
    assert_eq!(hints("double f(double x) { return x * 2; }\n"), [Hint::FloatingPoint]);
}

#[test]
fn odd_modules_are_noted() {
    let place = Place::new();
    let built = place.file("m.c", "long k;\n").build("m.c");
    let notes = &built.modules[0].notes;
    assert!(notes.contains(&SourceNote::MissingLicense { module: "m".into() }));
    assert!(notes.contains(&SourceNote::NoInit { module: "m".into() }));
}

#[test]
fn bad_input_is_an_error() {
    let place = Place::new();
    place.file("a.cpp", "").file("a.h", "").file("a.txt", "").file("x.ko", "not ELF").file("r.rs", "");
    assert!(matches!(place.try_build("none.c"), Err(CcError::Io { .. })));
    for (name, expected) in
        [("a.cpp", NotBuildable::CPlusPlus), ("a.h", NotBuildable::Header), ("a.txt", NotBuildable::UnknownKind)]
    {
        let error = place.try_build(name).unwrap_err();
        assert!(matches!(error, CcError::NotBuildable { reason, .. } if reason == expected), "{name}: {error}");
    }
    assert!(matches!(place.try_build("r.rs"), Err(CcError::Unsupported { .. })));
    assert_eq!(place.build("x.ko").modules[0].ko, b"not ELF");
    let mut config = place.config();
    config.search_path = Some("/nonexistent".into());
    let error = build(&config, &Input::Paths(vec![place.file("m.c", HELLO).path().join("m.c")])).unwrap_err();
    assert!(error.to_string().contains("apt-get install gcc"), "{error}");
    config.compiler = Some("/bin/true".into());
    let error = build(&config, &Input::Paths(vec!["m.c".into()])).unwrap_err();
    assert!(matches!(error, CcError::WrongCompiler { .. }), "{error}");
}

#[test]
fn names_with_blanks_and_dashes() {
    let place = Place::new();
    place.file("my dir/-x y.c", HELLO).file("-z.c", HELLO);
    assert_eq!(place.build("my dir/-x y.c").modules[0].file_name, "-x y.ko");
    assert_eq!(place.build("-z.c").modules[0].name, "_z");
}

#[test]
fn a_cached_build_is_quick() {
    let place = Place::new();
    place.file("m.c", HELLO).build("m.c");
    let fastest = (0..10).map(|_| place.build("m.c").modules[0].wall).min().unwrap();
    assert!(fastest.as_millis() <= 10, "{fastest:?}");
}
