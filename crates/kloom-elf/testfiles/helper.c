/* Linked into `full`: another compilation unit, and a table of function pointers. */
#include "kernel.h"
#include "full.h"

static int twist_left(int n)
{
	return n << 1;
}

static int twist_right(int n)
{
	msleep(1);
	return n >> 1;
}

static int (*const twists[2])(int) = { twist_left, twist_right };
long helper_runs = 1;

int helper_twist(int n)
{
	helper_runs++;
	return twists[n & 1](n);
}
