//! Binary search.
#ifndef KLOOM_LINUX_BSEARCH_H
#define KLOOM_LINUX_BSEARCH_H
#include <linux/types.h>
static __always_inline void *bsearch(const void *key, const void *base, size_t num, size_t size, cmp_func_t cmp)
{
	const char *lo = base;
	while (num) {
		const char *mid = lo + num / 2 * size;
		int c = cmp(key, mid);
		if (!c)
			return (void *)mid;
		if (c > 0) { lo = mid + size; num--; }
		num /= 2;
	}
	return NULL;
}
#endif
