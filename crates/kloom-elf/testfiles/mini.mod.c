/* What modpost generates for the module `mini`. */
#include "kernel.h"

int init_module(void);
void cleanup_module(void);

struct module __this_module __attribute__((section(".gnu.linkonce.this_module"))) = {
	.name = "mini",
	.init = init_module,
	.exit = cleanup_module,
};

MODULE_INFO(name, "mini");
MODULE_INFO(vermagic, "6.1.0-kloom SMP preempt mod_unload ");
MODULE_INFO(depends, "");
