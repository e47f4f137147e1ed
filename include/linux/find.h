//! See linux/bitops.h.
#ifndef KLOOM_LINUX_FIND_H
#define KLOOM_LINUX_FIND_H
#include <linux/bitops.h>
#endif
