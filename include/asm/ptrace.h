//! Registers of an interrupted context.
#ifndef KLOOM_ASM_PTRACE_H
#define KLOOM_ASM_PTRACE_H
struct pt_regs { unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss; };
#endif
