//! Covered by linux/compiler.h.
#ifndef KLOOM_LINUX_COMPILER_GCC_H
#define KLOOM_LINUX_COMPILER_GCC_H
#include <linux/compiler.h>
#endif
