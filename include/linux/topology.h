//! One NUMA node.
#ifndef KLOOM_LINUX_TOPOLOGY_H
#define KLOOM_LINUX_TOPOLOGY_H
#include <linux/percpu.h>
#define numa_node_id() 0
#define numa_mem_id() 0
#define cpu_to_node(cpu) ((void)(cpu), 0)
#define cpu_to_mem(cpu) ((void)(cpu), 0)
#define NUMA_NO_NODE (-1)
#define topology_physical_package_id(cpu) ((void)(cpu), 0)
#define topology_core_id(cpu) (cpu)
#endif
