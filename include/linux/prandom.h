//! See linux/random.h.
#ifndef KLOOM_LINUX_PRANDOM_H
#define KLOOM_LINUX_PRANDOM_H
#include <linux/random.h>
#endif
