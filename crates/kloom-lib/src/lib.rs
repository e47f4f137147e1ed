//! What Linux keeps in lib/: printk formats, number and string parsing, as pure functions.
//!
//! One module per file of Linux's `lib/`, under the same name. Behaviour is that of Linux 6.1; each module names the
//! file it follows. Nothing here knows a kernel: guest memory, symbols and arguments come in through small traits
//! ([`vsprintf::Env`], [`vsprintf::Args`], [`vsscanf::Store`]), results and complaints go out as data.

#![forbid(unsafe_code)]

pub mod cmdline;
pub mod ctype;
pub mod errname;
pub mod hexdump;
pub mod kstrtox;
pub mod string_helpers;
pub mod timeconv;
pub mod vsprintf;
pub mod vsscanf;

/// A guest address that cannot be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadAddress {
    /// The first byte that is out of reach.
    pub addr: u64,
}

/// The bytes of a C string: everything before the first NUL, or all of `bytes` when there is none.
#[must_use]
pub fn c_str(bytes: &[u8]) -> &[u8] {
    let len = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    &bytes[..len]
}

/// The byte at `index`, or the NUL that ends every C string.
pub(crate) fn at(bytes: &[u8], index: usize) -> u8 {
    bytes.get(index).copied().unwrap_or(0)
}
