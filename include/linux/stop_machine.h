//! Stopping all CPUs.
#ifndef KLOOM_LINUX_STOP_MACHINE_H
#define KLOOM_LINUX_STOP_MACHINE_H
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/smp.h>
#include <linux/list.h>
typedef int (*cpu_stop_fn_t)(void *arg);
int stop_machine(cpu_stop_fn_t fn, void *data, const struct cpumask *cpus); //@4gs runs fn while every other CPU spins with interrupts off; its result
#endif
