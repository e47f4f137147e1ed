//! Names of symbols.
#ifndef KLOOM_LINUX_KALLSYMS_H
#define KLOOM_LINUX_KALLSYMS_H
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/mm.h>
#include <linux/module.h>
#define KSYM_NAME_LEN 512
#define KSYM_SYMBOL_LEN 600
unsigned long kallsyms_lookup_name(const char *name); //@4n address of a kernel or module symbol or 0 (not exported since 5.7: notes it)
int kallsyms_on_each_symbol(int (*fn)(void *, const char *, struct module *, unsigned long), void *data); //@4n calls fn for each symbol
int sprint_symbol(char *buffer, unsigned long address); //@4gn name+0xoffset/0xsize [module]
int sprint_symbol_no_offset(char *buffer, unsigned long address); //@4gn the name alone
#endif
