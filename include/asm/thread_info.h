//! See linux/thread_info.h.
#ifndef KLOOM_ASM_THREAD_INFO_H
#define KLOOM_ASM_THREAD_INFO_H
#include <linux/thread_info.h>
#endif
