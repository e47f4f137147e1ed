//! Symbols that a module offers to other modules: two words each, address and name.
#ifndef KLOOM_LINUX_EXPORT_H
#define KLOOM_LINUX_EXPORT_H
#include <linux/compiler_types.h>
#include <linux/stringify.h>
struct kernel_symbol {
	unsigned long value;
	const char *name;
};
#define __kloom_export(sym, sec) \
	static const struct kernel_symbol __ksymtab_##sym __used __section(sec) __aligned(8) = { (unsigned long)&sym, #sym }
#define EXPORT_SYMBOL(sym) __kloom_export(sym, "__ksymtab")
#define EXPORT_SYMBOL_GPL(sym) __kloom_export(sym, "__ksymtab_gpl")
#define EXPORT_SYMBOL_GPL_FUTURE(sym) EXPORT_SYMBOL_GPL(sym)
#define EXPORT_UNUSED_SYMBOL(sym) EXPORT_SYMBOL(sym)
#define EXPORT_SYMBOL_NS(sym, ns) EXPORT_SYMBOL(sym)
#define EXPORT_SYMBOL_NS_GPL(sym, ns) EXPORT_SYMBOL_GPL(sym)
#define EXPORT_PER_CPU_SYMBOL(sym) EXPORT_SYMBOL(sym)
#define EXPORT_PER_CPU_SYMBOL_GPL(sym) EXPORT_SYMBOL_GPL(sym)
extern struct module __this_module;
#define THIS_MODULE (&__this_module)
#endif
