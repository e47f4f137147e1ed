//! Prefetch hints.
#ifndef KLOOM_LINUX_PREFETCH_H
#define KLOOM_LINUX_PREFETCH_H
#include <asm/processor.h>
#endif
