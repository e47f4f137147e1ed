//! Memory.
#ifndef KLOOM_LINUX_SWAP_H
#define KLOOM_LINUX_SWAP_H
#include <linux/mm.h>
#endif
