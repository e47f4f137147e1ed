/* Built with -fcommon: tentative definitions, which Linux refuses. */
#include "kernel.h"

long common_long;
char common_buffer[100] __attribute__((aligned(64)));
int common_int;

int init_module(void)
{
	common_buffer[1] = 2;
	return common_int + (int)common_long;
}

MODULE_INFO(license, "GPL");
