//! Stopping all CPUs.
#ifndef KLOOM_LINUX_STOP_MACHINE_H
#define KLOOM_LINUX_STOP_MACHINE_H
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/smp.h>
#include <linux/list.h>
typedef int (*cpu_stop_fn_t)(void *arg);
int stop_machine(cpu_stop_fn_t fn, void *data, const struct cpumask *cpus); //@4gs runs fn on cpus (NULL: one CPU) in migration/N while all others spin with interrupts off; its result
#define stop_machine_cpuslocked(fn, data, cpus) stop_machine((fn), (data), (cpus))
#endif
