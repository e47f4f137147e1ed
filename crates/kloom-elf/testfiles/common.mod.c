/* What modpost generates for the module `common`. */
#include "kernel.h"

int init_module(void);

struct module __this_module __attribute__((section(".gnu.linkonce.this_module"))) = {
	.name = "common",
	.init = init_module,

};

MODULE_INFO(name, "common");
MODULE_INFO(vermagic, "6.1.0-kloom SMP preempt mod_unload ");
MODULE_INFO(depends, "");
