//! One NUMA node.
#ifndef KLOOM_LINUX_NODE_H
#define KLOOM_LINUX_NODE_H
#include <linux/numa.h>
#endif
