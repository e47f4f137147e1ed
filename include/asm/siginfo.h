//! See asm-generic/siginfo.h.
#ifndef KLOOM_ASM_SIGINFO_H
#define KLOOM_ASM_SIGINFO_H
#include <asm-generic/siginfo.h>
#endif
