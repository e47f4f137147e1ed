/* The other file */
#include "second.h"

int half(int n)
{
	return n / 2;
}
