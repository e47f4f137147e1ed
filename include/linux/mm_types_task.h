//! Nothing beyond linux/mm_types.h.
#ifndef KLOOM_LINUX_MM_TYPES_TASK_H
#define KLOOM_LINUX_MM_TYPES_TASK_H
#include <linux/types.h>
#endif
