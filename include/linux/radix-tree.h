//! See linux/xarray.h.
#ifndef KLOOM_LINUX_RADIX_TREE_H
#define KLOOM_LINUX_RADIX_TREE_H
#include <linux/xarray.h>
#endif
