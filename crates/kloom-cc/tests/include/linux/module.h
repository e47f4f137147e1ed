#ifndef _LINUX_MODULE_H
#define _LINUX_MODULE_H
struct module {
	char name[56];
	int (*init)(void);
	void (*exit)(void);
};
extern struct module __this_module;
#define THIS_MODULE (&__this_module)
#define __init __attribute__((section(".init.text"), cold))
#define __exit __attribute__((section(".exit.text"), used, cold))
#define module_init(f) int init_module(void) __attribute__((alias(#f)));
#define module_exit(f) void cleanup_module(void) __attribute__((alias(#f)));
#define MODULE_LICENSE(l) static const char __license[] __attribute__((used, section(".modinfo"), aligned(1))) = "license=" l
#define EXPORT_SYMBOL(s) static void *const __ksymtab_##s __attribute__((used, section("___ksymtab+" #s))) = (void *)&s
__attribute__((format(printf, 1, 2))) int _printk(const char *fmt, ...);
#define printk _printk
#endif
