//! Compares [`vsnprintf`] with the `snprintf` of the C library, byte for byte, on random formats and arguments.
//!
//! Only where the two agree by design. What Linux 6.1 does differently from C is left out by [`Case::conversion`], one
//! comment each; the unit tests hold those facts.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use kloom_lib::BadAddress;
use kloom_lib::hexdump::{bin2hex, hex2bin};
use kloom_lib::vsprintf::{Env, SliceArgs, vsnprintf};

const CASES: u64 = 40_000;
const ARGS: usize = 8;
/// Addresses of the strings of a case; the low bits are the argument's index.
const STRING_BASE: u64 = 0x1_0000_0000;

/// A small generator, the same on every machine (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// Values that matter: ends of types, powers of ten, small ones, anything.
    fn value(&mut self) -> u64 {
        let edges = [0, 1, 7, 8, 9, 10, 99, 100, 127, 128, 255, 256, 32767, 65535, 1 << 31, u64::MAX, 1 << 63];
        match self.below(4) {
            0 => self.pick(&edges),
            1 => 10u64.pow(self.below(20) as u32).wrapping_sub(self.below(3)),
            2 => self.next() >> self.below(64),
            _ => self.next(),
        }
    }
}

#[derive(Clone)]
enum Arg {
    Value(u64),
    Text(Vec<u8>),
}

/// One call: the size, the format and its arguments.
#[derive(Default)]
struct Case {
    size: usize,
    fmt: Vec<u8>,
    args: Vec<Arg>,
}

impl Env for Case {
    fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), BadAddress> {
        let index = (addr - STRING_BASE) as usize >> 16;
        let offset = addr as usize & 0xFFFF;
        let Some(Arg::Text(text)) = self.args.get(index) else {
            return Err(BadAddress { addr });
        };
        // The NUL is the byte behind the text.
        buf[0] = text.get(offset).copied().unwrap_or(0);
        Ok(())
    }

    fn hash_pointer(&self, addr: u64) -> u64 {
        addr
    }
}

impl Case {
    fn random(random: &mut Random) -> Case {
        let mut case =
            Case { size: if random.one_in(3) { random.below(40) as usize } else { 4096 }, ..Case::default() };
        for _ in 0..=random.below(4) {
            for _ in 0..random.below(4) {
                case.fmt.push(random.pick(b"abc XYZ:,\n\xE9"));
            }
            // A conversion takes three arguments at most: two stars and its own.
            if case.args.len() + 3 <= ARGS {
                case.conversion(random);
            }
        }
        case
    }

    fn conversion(&mut self, random: &mut Random) {
        let letter = random.pick(b"ddddiuuxxXoosc%");
        self.fmt.push(b'%');
        if letter == b'%' {
            // Only a bare %%: Linux ignores what stands between, C leaves it undefined.
            return self.fmt.push(b'%');
        }
        let integer = !matches!(letter, b's' | b'c');
        // Precision: not for %c, where C leaves it undefined.
        let precision = letter != b'c' && random.one_in(3);
        let mut special = false;
        for _ in 0..random.below(3) {
            let flag = random.pick(b"-+ #0");
            let skipped = match flag {
                // Linux pads with zeros beside a precision, C ignores the 0 then; undefined for %s and %c.
                b'0' => precision || !integer,
                // Linux counts the 0 that # adds to an octal on top of the precision. C makes it part of it.
                // For %d, %u, %s and %c it is undefined in C.
                b'#' => !matches!(letter, b'x' | b'X' | b'o') || (letter == b'o' && precision),
                // Undefined in C but for signed numbers.
                b'+' | b' ' => !matches!(letter, b'd' | b'i'),
                _ => false,
            };
            if !skipped {
                self.fmt.push(flag);
                special |= flag == b'#';
            }
        }
        match random.below(6) {
            0 => {
                self.fmt.push(b'*');
                self.args.push(Arg::Value((random.below(41) as i64 - 20).cast_unsigned()));
            }
            // Not 0, which would be the flag.
            1 | 2 => self.fmt.extend_from_slice((1 + random.below(30)).to_string().as_bytes()),
            _ => {}
        }
        if precision {
            self.precision(random, integer);
        }
        let bits = if integer { self.qualifier(random) } else { 64 };
        self.fmt.push(letter);
        self.args.push(match letter {
            b's' => Arg::Text((0..random.below(20)).map(|_| random.pick(b"abcdefgh %\n\xFF")).collect()),
            // A NUL is compared like any other byte.
            b'c' => Arg::Value(random.below(256)),
            _ => {
                let value = random.value();
                // With # Linux prints 0x0 where C prints 0; with a precision of 0 it prints 0 and C nothing.
                let mask = u64::MAX >> (64 - bits);
                Arg::Value(if (special || precision) && value & mask == 0 { value + 1 } else { value })
            }
        });
    }

    fn precision(&mut self, random: &mut Random, integer: bool) {
        self.fmt.push(b'.');
        if random.one_in(3) {
            self.fmt.push(b'*');
            // Not negative: Linux takes it for 0, C for none.
            self.args.push(Arg::Value(random.below(25)));
        } else {
            // Always a digit: a bare dot is none to Linux and 0 to C.
            let limit = if integer { 40 } else { 25 };
            self.fmt.extend_from_slice(random.below(limit).to_string().as_bytes());
        }
    }

    /// A qualifier and the bits it keeps. Not L, which C has for floating point only.
    fn qualifier(&mut self, random: &mut Random) -> u32 {
        let (qualifier, bits): (&[u8], u32) = random.pick(&[
            (b"", 32),
            (b"", 32),
            (b"hh", 8),
            (b"h", 16),
            (b"l", 64),
            (b"ll", 64),
            (b"z", 64),
            (b"t", 64),
        ]);
        self.fmt.extend_from_slice(qualifier);
        bits
    }

    /// The case as a line for the C program.
    fn line(&self) -> String {
        let hex = |bytes: &[u8]| String::from_utf8(bin2hex(bytes)).expect("digits are ASCII");
        let mut line = format!("{} f{}", self.size, hex(&self.fmt));
        for index in 0..ARGS {
            line.push_str(&match self.args.get(index) {
                Some(Arg::Text(text)) => format!(" s{}", hex(text)),
                Some(Arg::Value(value)) => format!(" v{value:x}"),
                None => " v0".to_owned(),
            });
        }
        line.push('\n');
        line
    }

    fn ours(&self) -> (usize, Vec<u8>) {
        let slots: Vec<u64> = self
            .args
            .iter()
            .enumerate()
            .map(|(index, arg)| match arg {
                Arg::Value(value) => *value,
                Arg::Text(_) => STRING_BASE + ((index as u64) << 16),
            })
            .collect();
        let mut out = Vec::new();
        let len = vsnprintf(&mut out, self.size, &self.fmt, &mut SliceArgs::new(&slots), self);
        (len, out)
    }
}

/// Builds the C program; `None` when there is no C compiler.
fn build(dir: &Path) -> Option<std::path::PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snprintf_oracle.c");
    let program = dir.join("snprintf_oracle");
    let status = Command::new("cc").arg("-O1").arg("-w").arg("-o").arg(&program).arg(source).status();
    match status {
        Ok(status) => {
            assert!(status.success(), "the oracle does not compile");
            Some(program)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("cc cannot be started: {error}"),
    }
}

#[test]
fn agrees_with_the_c_library() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let Some(program) = build(dir) else {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: no cc found");
        }
        return;
    };
    let mut random = Random(0x6B_6C6F_6F6D);
    let cases: Vec<Case> = (0..CASES).map(|_| Case::random(&mut random)).collect();
    let input = dir.join("snprintf_oracle.in");
    fs::write(&input, cases.iter().map(Case::line).collect::<String>()).expect("cases are written");
    let output = Command::new(program)
        .stdin(File::open(&input).expect("cases are there"))
        .stderr(Stdio::inherit())
        .output()
        .expect("the oracle runs");
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).expect("answers are ASCII");
    assert_eq!(answers.lines().count(), cases.len());
    for (number, (case, answer)) in cases.iter().zip(answers.lines()).enumerate() {
        let (len, text) = answer.split_once(" x").expect("length and text");
        let text = hex2bin(text.as_bytes(), text.len() / 2).expect("digits");
        let (our_len, our_text) = case.ours();
        assert_eq!(
            (our_len.to_string().as_str(), String::from_utf8_lossy(&our_text)),
            (len, String::from_utf8_lossy(&text)),
            "case {number}: {:?}\n{}",
            String::from_utf8_lossy(&case.fmt),
            case.line()
        );
        assert_eq!(our_text, text, "case {number}");
    }
}
