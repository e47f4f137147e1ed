//! System calls that modules provide, as course projects have them.
//!
//! A kernel built for such a project has a system call in one of its own files, and that file a function pointer named
//! `STUB_…`, exported to modules: the call returns `ENOSYS` until a module sets it. Here the machine provides the pointer
//! when no module exports one, and `syscall NAME` of the console is the call. A module may also bring the kernel's file
//! along: one that exports the pointer, or that has `SYSCALL_DEFINEx()` (a function `sys_NAME`).

use kloom_abi::Errno;

use crate::Machine;
use crate::call::{call4, enter};
use crate::fileops::word;

/// What the names of the pointers start with.
pub const STUB: &str = "STUB_";
/// What the functions of `SYSCALL_DEFINEx()` start with.
const DEFINED: &str = "sys_";
/// Most pointers in a machine: a page of them.
const STUBS_MAX: u64 = (4096 - LIST_HEAD) / 8;
/// `sizeof(struct list_head)`.
const LIST_HEAD: u64 = 16;
/// Highest error number in a return value.
const MAX_ERRNO: i64 = 4095;

/// An argument of such a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A number, as a register holds it.
    Number(u64),
    /// Text: the call gets its address in user memory, with a final zero.
    Text(Vec<u8>),
}

impl Machine {
    /// The pointer `STUB_…` that modules import under `symbol`, made at its first use; None for other names.
    pub fn stub_pointer(&mut self, symbol: &str) -> Option<u64> {
        let name = symbol.strip_prefix(STUB).filter(|name| !name.is_empty())?;
        if let Some(&addr) = self.files.stubs.get(name) {
            return Some(addr);
        }
        // Near the images, whose relocations for variables have 32 bits.
        let addr = self.shared_page()? + LIST_HEAD + 8 * self.files.stubs.len() as u64;
        if self.files.stubs.len() as u64 >= STUBS_MAX {
            return None;
        }
        self.files.stubs.insert(name.to_string(), addr);
        Some(addr)
    }

    /// The page that modules write, too: the head of the list of modules, then pointers.
    fn shared_page(&mut self) -> Option<u64> {
        if self.files.shared_page == 0 {
            let page = self.arena.alloc_kdata_page()?;
            self.poke_u64(page, page);
            self.poke_u64(page + 8, page);
            self.files.shared_page = page;
        }
        Some(self.files.shared_page)
    }

    /// The head of the kernel's list of modules.
    pub fn module_list_head(&mut self) -> Option<u64> {
        self.shared_page()
    }

    /// A word of a module's memory.
    pub fn word_at(&self, addr: u64) -> u64 {
        self.peek_u64(addr)
    }

    /// Sets a word of a module's memory, which is known to be there.
    pub fn set_word_at(&mut self, addr: u64, value: u64) {
        self.poke_u64(addr, value);
    }

    /// The name of the system call whose pointer holds `func`; None if none does.
    pub fn stub_calling(&self, func: u64) -> Option<&str> {
        self.files.stubs.iter().find(|(_, addr)| self.peek_u64(**addr) == func).map(|(name, _)| name.as_str())
    }

    /// Where the call of this name goes.
    fn custom_call(&self, name: &str) -> Option<Custom> {
        let global = |wanted: &str| {
            self.images.iter().rev().find_map(|(id, image)| {
                self.kernel.modules.get(*id)?;
                let symbol = &image.module.symbols[image.module.symbol(wanted)?.index()];
                (symbol.binding != kloom_elf::SymbolBinding::Local).then(|| image.symbol_addr(wanted)).flatten()
            })
        };
        let pointer = || {
            let own = self.files.stubs.get(name).copied().or_else(|| global(&format!("{STUB}{name}")));
            own.map(Custom::Pointer)
        };
        global(&format!("{DEFINED}{name}")).map(Custom::Function).or_else(pointer)
    }
}

/// Where a call goes.
enum Custom {
    /// To this function.
    Function(u64),
    /// To where the pointer at this address points.
    Pointer(u64),
}

/// Performs the system call `name`; what it returns, negative for an error of its own.
///
/// # Context
/// A user task's, on its kernel stack; whatever the module's function does.
///
/// # Errors
/// `ENOSYS` without such a call, or while its pointer is NULL; `EINVAL` for more than four arguments; `ENOMEM`.
pub fn call(name: &str, args: &[Argument]) -> Result<i64, Errno> {
    let mut registers = [0; 4];
    if args.len() > registers.len() {
        return Err(Errno::EINVAL);
    }
    let func = match enter(|machine, _| machine.custom_call(name)) {
        Some(Custom::Function(func)) => func,
        Some(Custom::Pointer(addr)) => word(addr),
        None => 0,
    };
    if func == 0 {
        return Err(Errno::ENOSYS);
    }
    let mut buffers = Vec::new();
    for (register, arg) in registers.iter_mut().zip(args) {
        *register = match arg {
            Argument::Number(number) => *number,
            Argument::Text(text) => {
                let bytes: Vec<u8> = text.iter().copied().chain([0]).collect();
                let addr = crate::fileops::user_with(Some(&bytes), bytes.len() as u64).ok_or(Errno::ENOMEM)?;
                buffers.push((addr, bytes.len() as u64));
                addr
            }
        };
    }
    let result = call4(func, registers);
    enter(|machine, _| {
        for (addr, size) in buffers {
            machine.free_user_buffer(addr, size);
        }
    });
    Ok(returned(result))
}

/// The value in `rax`. The function may return `int` or `long`; an error of an `int` has zeroes above.
fn returned(rax: u64) -> i64 {
    let low = i64::from(rax as u32 as i32);
    if rax >> 32 == 0 && (-MAX_ERRNO..0).contains(&low) { low } else { rax as i64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_int_functions_keep_their_sign() {
        let cases: [(u64, i64); 5] = [(0, 0), (1, 1), (0xffff_ffff, -1), (u64::MAX, -1), (0xffff_0000, 0xffff_0000)];
        for (rax, expected) in cases {
            assert_eq!(returned(rax), expected, "{rax:#x}");
        }
    }
}
