//! CPUs and taking them down and up.
#ifndef KLOOM_LINUX_CPU_H
#define KLOOM_LINUX_CPU_H
#include <linux/node.h>
#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/cpuhotplug.h>
#include <linux/notifier.h>
void cpus_read_lock(void); //@4gs keeps CPUs from coming and going
void cpus_read_unlock(void); //@4gs undoes it
int cpus_read_trylock(void); //@4gs 1 if taken
int cpu_down(unsigned int cpu); //@4s takes a CPU down: 0, -EBUSY for the first or last, -EINVAL, or what a callback says (not exported by Linux since 5.7)
int cpu_up(unsigned int cpu); //@4s takes a CPU up: 0, -EINVAL, or what a callback says (not exported by Linux since 5.7)
int add_cpu(unsigned int cpu); //@4gs takes a CPU up
int remove_cpu(unsigned int cpu); //@4gs takes a CPU down
int kloom_register_cpu_notifier(struct notifier_block *nb); //@4s removed in 4.10: calls nb when CPUs come and go; notes cpuhp_setup_state
void kloom_unregister_cpu_notifier(struct notifier_block *nb); //@4s removed in 4.10: undoes it
#define CPU_ONLINE 0x0002
#define CPU_UP_PREPARE 0x0003
#define CPU_UP_CANCELED 0x0004
#define CPU_DOWN_PREPARE 0x0005
#define CPU_DOWN_FAILED 0x0006
#define CPU_DEAD 0x0007
#define CPU_DYING 0x0008
#define CPU_POST_DEAD 0x0009
#define CPU_STARTING 0x000A
#define CPU_TASKS_FROZEN 0x0010
#define CPU_ONLINE_FROZEN (CPU_ONLINE | CPU_TASKS_FROZEN)
#define CPU_DEAD_FROZEN (CPU_DEAD | CPU_TASKS_FROZEN)
#define get_online_cpus() cpus_read_lock()
#define put_online_cpus() cpus_read_unlock()
#define cpu_hotplug_disable() do { } while (0)
#define cpu_hotplug_enable() do { } while (0)
#define register_cpu_notifier(nb) kloom_register_cpu_notifier(nb)
#define unregister_cpu_notifier(nb) kloom_unregister_cpu_notifier(nb)
#define register_hotcpu_notifier(nb) kloom_register_cpu_notifier(nb)
#define unregister_hotcpu_notifier(nb) kloom_unregister_cpu_notifier(nb)
#define __register_cpu_notifier(nb) kloom_register_cpu_notifier(nb)
#define __unregister_cpu_notifier(nb) kloom_unregister_cpu_notifier(nb)
#define hotcpu_notifier(fn, pri) ({ static struct notifier_block __kloom_nb = { .notifier_call = fn, .priority = pri }; kloom_register_cpu_notifier(&__kloom_nb); })
#define cpu_notifier_register_begin() cpus_read_lock()
#define cpu_notifier_register_done() cpus_read_unlock()
#endif
