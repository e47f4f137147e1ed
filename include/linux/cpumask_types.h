//! The layout of a set of CPUs.
#ifndef KLOOM_LINUX_CPUMASK_TYPES_H
#define KLOOM_LINUX_CPUMASK_TYPES_H
typedef struct cpumask { unsigned long bits[1]; } cpumask_t;
#endif
