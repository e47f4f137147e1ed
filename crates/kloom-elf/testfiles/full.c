/* A bit of everything: parameters, exports, inlined calls, static variables, per-CPU data, weak imports. */
#include "kernel.h"
#include "full.h"

static int rounds = 3;
static char *greeting = "hello";
module_param(rounds, int);
MODULE_INFO(parm, "rounds:how often to greet");
module_param(greeting, charp);

int shared_total;
static const char *const words[] = { "one", "two", "three" };
static __read_mostly int verbose = 1;
static __percpu long hits[2] = { 7, 8 };
static char scratch[300];
static __initdata int boot_value = 42;

extern int optional_hook(int) __attribute__((weak));

static noinline int count_calls(int by)
{
	static int calls;

	calls += by;
	return calls;
}

static inline int clamp_word(int n)
{
	if (n > 2)
		n = helper_twist(n) & 1;
	return n;
}

static inline const char *pick(int n)
{
	return words[clamp_word(n)];
}

int greet(int n)
{
	scratch[n & 255] = (char)n;
	_printk("%s %s %d\n", greeting, pick(n), count_calls(n));
	if (optional_hook)
		n += optional_hook(n);
	hits[n & 1]++;
	shared_total += n;
	return verbose;
}
EXPORT_SYMBOL(greet);
EXPORT_SYMBOL_GPL(shared_total);

int __init init_module(void)
{
	int i;

	for (i = 0; i < rounds; i++)
		greet(i + boot_value);
	return 0;
}

void __exit cleanup_module(void)
{
	msleep(10);
	_printk("bye %d\n", shared_total);
}

MODULE_INFO(license, "Dual MIT/GPL");
MODULE_INFO(author, "Test <test@example.org>");
MODULE_INFO(description, "Everything that a module may hold");
