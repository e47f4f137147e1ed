//! Thunks: what a module's call of an exported function really jumps to.
//!
//! A thunk stores the return address, stack and frame pointer in the machine's [`Ctx`](crate::ctx::Ctx) and jumps to
//! the Rust function. Code is emitted per image, so the context's address is a constant in it.

/// How the Rust function wants its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// As C passes them.
    Plain,
    /// Variadic: one pointer to a [`VaFrame`].
    Variadic,
    /// A compiler hook with `n` arguments: the context pointer and the return address are passed after them.
    Hook(u8),
}

/// A Rust function modules can call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Address of the function.
    pub addr: u64,
    /// How it is called.
    pub call: Call,
}

/// The six integer argument registers of a variadic call, and where the rest of its arguments are.
#[repr(C)]
#[derive(Debug)]
pub struct VaFrame {
    /// rdi, rsi, rdx, rcx, r8, r9.
    pub regs: [u64; 6],
    /// Arguments on the stack, 8 bytes each.
    pub overflow: *const u64,
}

/// Bytes per thunk.
pub const THUNK_SIZE: u64 = 80;

/// Emits the code of a thunk.
pub fn emit(target: Target, ctx: u64) -> [u8; THUNK_SIZE as usize] {
    let mut code = Vec::with_capacity(THUNK_SIZE as usize);
    code.extend_from_slice(&[0x49, 0xba]); // mov r10, ctx
    code.extend_from_slice(&ctx.to_le_bytes());
    code.extend_from_slice(&[0x4c, 0x8b, 0x1c, 0x24]); // mov r11, [rsp]
    code.extend_from_slice(&[0x4d, 0x89, 0x1a]); // mov [r10], r11
    code.extend_from_slice(&[0x49, 0x89, 0x62, 0x08]); // mov [r10+8], rsp
    code.extend_from_slice(&[0x49, 0x89, 0x6a, 0x10]); // mov [r10+16], rbp
    match target.call {
        Call::Plain => {}
        Call::Hook(args) => {
            // mov ARG, r10 ; mov ARG+1, r11
            let from_r10: [[u8; 3]; 5] =
                [[0x4c, 0x89, 0xd7], [0x4c, 0x89, 0xd6], [0x4c, 0x89, 0xd2], [0x4c, 0x89, 0xd1], [0x4d, 0x89, 0xd0]];
            let from_r11: [[u8; 3]; 6] = [
                [0x4c, 0x89, 0xdf],
                [0x4c, 0x89, 0xde],
                [0x4c, 0x89, 0xda],
                [0x4c, 0x89, 0xd9],
                [0x4d, 0x89, 0xd8],
                [0x4d, 0x89, 0xd9],
            ];
            code.extend_from_slice(&from_r10[args as usize]);
            code.extend_from_slice(&from_r11[args as usize + 1]);
        }
        Call::Variadic => {
            code.extend_from_slice(&[0x4c, 0x8d, 0x5c, 0x24, 0x08]); // lea r11, [rsp+8]
            code.extend_from_slice(&[0x41, 0x53]); // push r11
            code.extend_from_slice(&[0x41, 0x51, 0x41, 0x50, 0x51, 0x52, 0x56, 0x57]); // push r9 r8 rcx rdx rsi rdi
            code.extend_from_slice(&[0x48, 0x89, 0xe7]); // mov rdi, rsp
        }
    }
    code.extend_from_slice(&[0x49, 0xbb]); // mov r11, target
    code.extend_from_slice(&target.addr.to_le_bytes());
    if target.call == Call::Variadic {
        code.extend_from_slice(&[0x41, 0xff, 0xd3]); // call r11
        code.extend_from_slice(&[0x48, 0x83, 0xc4, 0x38]); // add rsp, 56
        code.push(0xc3); // ret
    } else {
        code.extend_from_slice(&[0x41, 0xff, 0xe3]); // jmp r11
    }
    let mut bytes = [0xcc; THUNK_SIZE as usize];
    bytes[..code.len()].copy_from_slice(&code);
    bytes
}

/// Bytes of one stub of [`Stubs`].
const STUB_SIZE: usize = 64;
/// Bytes mapped at a time.
const STUBS_BYTES: usize = 64 << 10;

/// Stubs that tell a function of kloom's about a call before it is made, with the call's arguments, while a search explores.
///
/// A stub calls `announce(index, &[six argument registers])`, then jumps to the function with all arguments as they were.
#[derive(Debug)]
pub struct Stubs {
    base: *mut u8,
    used: usize,
}

impl Stubs {
    /// Room for stubs.
    ///
    /// # Errors
    /// The host refuses memory.
    pub fn new() -> std::io::Result<Stubs> {
        // SAFETY: a fresh private mapping.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                STUBS_BYTES,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(std::io::Error::last_os_error());
        }
        Ok(Stubs { base: base.cast(), used: 0 })
    }

    /// Adds a stub in front of `target`; its address, or `None` when there is no room or the stubs are sealed.
    pub fn add(&mut self, target: u64, index: u32, announce: u64) -> Option<u64> {
        let mut code = Vec::with_capacity(STUB_SIZE);
        code.extend_from_slice(&[0x41, 0x51, 0x41, 0x50, 0x51, 0x52, 0x56, 0x57]); // push r9 r8 rcx rdx rsi rdi
        code.push(0xbf); // mov edi, index
        code.extend_from_slice(&index.to_le_bytes());
        code.extend_from_slice(&[0x48, 0x89, 0xe6]); // mov rsi, rsp
        code.extend_from_slice(&[0x48, 0x83, 0xec, 0x08]); // sub rsp, 8
        code.extend_from_slice(&[0x48, 0xb8]); // mov rax, announce
        code.extend_from_slice(&announce.to_le_bytes());
        code.extend_from_slice(&[0xff, 0xd0]); // call rax
        code.extend_from_slice(&[0x48, 0x83, 0xc4, 0x08]); // add rsp, 8
        code.extend_from_slice(&[0x5f, 0x5e, 0x5a, 0x59, 0x41, 0x58, 0x41, 0x59]); // pop rdi rsi rdx rcx r8 r9
        code.extend_from_slice(&[0x49, 0xbb]); // mov r11, target
        code.extend_from_slice(&target.to_le_bytes());
        code.extend_from_slice(&[0x41, 0xff, 0xe3]); // jmp r11
        assert!(code.len() <= STUB_SIZE, "a stub fits its slot");
        if self.used + STUB_SIZE > STUBS_BYTES {
            return None;
        }
        // SAFETY: the slot lies inside the mapping, which is writable until sealed, and nobody runs there yet.
        let at = unsafe {
            let at = self.base.add(self.used);
            std::ptr::copy_nonoverlapping(code.as_ptr(), at, code.len());
            at
        };
        self.used += STUB_SIZE;
        Some(at as u64)
    }

    /// Makes the stubs executable; none can be added afterwards.
    ///
    /// # Errors
    /// The host refuses.
    pub fn seal(&mut self) -> std::io::Result<()> {
        self.used = STUBS_BYTES;
        // SAFETY: the mapping is ours.
        let result = unsafe { libc::mprotect(self.base.cast(), STUBS_BYTES, libc::PROT_READ | libc::PROT_EXEC) };
        if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    }
}

impl Drop for Stubs {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours; images that refer to it belong to machines that keep us alive.
        unsafe { libc::munmap(self.base.cast(), STUBS_BYTES) };
    }
}
