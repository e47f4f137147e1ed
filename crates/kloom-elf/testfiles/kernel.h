/* The few declarations that the test modules share; laid out as kloom's own headers and Linux's. */
#ifndef TEST_KERNEL_H
#define TEST_KERNEL_H

typedef unsigned long ulong;
typedef unsigned short u16;

struct module {
	int state;
	void *list[2];
	char name[56];
	int (*init)(void);
	void (*exit)(void);
	char rest[128];
};

struct kernel_param_ops;

struct kernel_param {
	const char *name;
	struct module *mod;
	const struct kernel_param_ops *ops;
	const u16 perm;
	signed char level;
	unsigned char flags;
	void *arg;
} __attribute__((aligned(8)));

struct kernel_symbol {
	void *address;
	const char *name;
};

extern struct module __this_module;
extern const struct kernel_param_ops param_ops_int, param_ops_charp;
int _printk(const char *format, ...);
void msleep(unsigned int ms);

#define SECTION(name) __attribute__((section(name)))
#define __init SECTION(".init.text") __attribute__((cold))
#define __exit SECTION(".exit.text") __attribute__((cold))
#define __initdata SECTION(".init.data")
#define __percpu SECTION(".data..percpu")
#define __read_mostly SECTION(".data..read_mostly")
#define noinline __attribute__((noinline))

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define MODULE_INFO(tag, text)                                                                     \
	static const char PASTE(info_, __LINE__)[] __attribute__((used, section(".modinfo"), aligned(1))) = \
		#tag "=" text

#define module_param(name, type)                                                                   \
	static const struct kernel_param __param_##name                                            \
		__attribute__((used, section("__param"), aligned(8))) = {                                      \
			#name, &__this_module, &param_ops_##type, 0644, -1, 0, &name               \
		};                                                                                 \
	MODULE_INFO(parmtype, #name ":" #type)

#define EXPORT(symbol, where)                                                                      \
	static const char __kstr_##symbol[]                                                        \
		__attribute__((used, section("__ksymtab_strings"), aligned(1))) = #symbol;         \
	static const struct kernel_symbol __ksymtab_##symbol                                       \
		__attribute__((used, section(where), aligned(8))) = { (void *)&symbol, __kstr_##symbol }
#define EXPORT_SYMBOL(symbol) EXPORT(symbol, "__ksymtab")
#define EXPORT_SYMBOL_GPL(symbol) EXPORT(symbol, "__ksymtab_gpl")

#endif
