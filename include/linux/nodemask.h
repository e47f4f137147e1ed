//! One NUMA node.
#ifndef KLOOM_LINUX_NODEMASK_H
#define KLOOM_LINUX_NODEMASK_H
#include <linux/numa.h>
#define for_each_online_node(n) for ((n) = 0; (n) < 1; (n)++)
#define for_each_node(n) for ((n) = 0; (n) < 1; (n)++)
#define num_online_nodes() 1
#define node_online(n) ((n) == 0)
#endif
