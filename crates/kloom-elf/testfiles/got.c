/* Built with -fpic as user space is: needs a global offset table, which a module has not. */
#include "kernel.h"

extern int far_away;

int init_module(void)
{
	return far_away;
}

struct module __this_module __attribute__((section(".gnu.linkonce.this_module"), visibility("hidden"))) = {
	.name = "got",
	.init = init_module,
};

MODULE_INFO(license, "GPL");
MODULE_INFO(name, "got");
