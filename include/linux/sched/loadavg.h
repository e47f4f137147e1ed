//! Load averages.
#ifndef KLOOM_LINUX_SCHED_LOADAVG_H
#define KLOOM_LINUX_SCHED_LOADAVG_H
#include <linux/sched.h>
#define FSHIFT 11
#define FIXED_1 (1 << FSHIFT)
#define LOAD_INT(x) ((x) >> FSHIFT)
#define LOAD_FRAC(x) LOAD_INT(((x) & (FIXED_1 - 1)) * 100)
extern unsigned long avenrun[3]; //@4n load averages, fixed point with 11 bits
#endif
