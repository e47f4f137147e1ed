/* The smallest module: one function to load it, one to unload it. */
#include "kernel.h"

int __init init_module(void)
{
	_printk("\0016mini: hello\n");
	return 0;
}

void __exit cleanup_module(void)
{
	_printk("\0016mini: bye\n");
}

MODULE_INFO(license, "GPL");
