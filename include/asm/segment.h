//! See linux/uaccess.h.
#ifndef KLOOM_ASM_SEGMENT_H
#define KLOOM_ASM_SEGMENT_H
#include <linux/mm_segment.h>
#endif
