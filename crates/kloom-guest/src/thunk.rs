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
#[derive(Clone, Copy, Debug)]
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
