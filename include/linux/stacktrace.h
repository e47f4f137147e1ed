//! Call traces as arrays.
#ifndef KLOOM_LINUX_STACKTRACE_H
#define KLOOM_LINUX_STACKTRACE_H
#include <linux/types.h>
unsigned int stack_trace_save(unsigned long *store, unsigned int size, unsigned int skipnr); //@4gn fills an array with return addresses
void stack_trace_print(const unsigned long *trace, unsigned int nr_entries, int spaces); //@4gn prints them
#endif
