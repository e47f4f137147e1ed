//! See asm-generic/siginfo.h.
#ifndef KLOOM_UAPI_ASM_SIGINFO_H
#define KLOOM_UAPI_ASM_SIGINFO_H
#include <asm-generic/siginfo.h>
#endif
