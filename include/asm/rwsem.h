//! See linux/rwsem.h.
#ifndef KLOOM_ASM_RWSEM_H
#define KLOOM_ASM_RWSEM_H
#include <linux/rwsem.h>
#endif
