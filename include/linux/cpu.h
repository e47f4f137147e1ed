//! CPUs and taking them down and up.
#ifndef KLOOM_LINUX_CPU_H
#define KLOOM_LINUX_CPU_H
#include <linux/node.h>
#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/cpuhotplug.h>
void cpus_read_lock(void); //@4gs keeps CPUs from coming and going
void cpus_read_unlock(void); //@4gs undoes it
int cpus_read_trylock(void); //@4gs 1 if taken
int cpu_down(unsigned int cpu); //@4s takes a CPU down
int cpu_up(unsigned int cpu); //@4s takes a CPU up
#define get_online_cpus() cpus_read_lock()
#define put_online_cpus() cpus_read_unlock()
#define cpu_hotplug_disable() do { } while (0)
#define cpu_hotplug_enable() do { } while (0)
#define register_cpu_notifier(nb) do { kloom_removed_api("register_cpu_notifier", "cpuhp_setup_state"); } while (0)
#define unregister_cpu_notifier(nb) do { } while (0)
#define register_hotcpu_notifier(nb) register_cpu_notifier(nb)
#define unregister_hotcpu_notifier(nb) do { } while (0)
#endif
