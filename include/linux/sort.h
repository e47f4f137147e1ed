//! Sorting arrays.
#ifndef KLOOM_LINUX_SORT_H
#define KLOOM_LINUX_SORT_H
#include <linux/types.h>
void sort(void *base, size_t num, size_t size, cmp_func_t cmp, swap_func_t swap_func); //@4n sorts in place (heap sort), calling the module's cmp and swap_func (NULL: plain swap)
void sort_r(void *base, size_t num, size_t size, cmp_r_func_t cmp, void (*swap_func)(void *, void *, int, const void *), const void *priv); //@4n as sort with a private pointer
#endif
