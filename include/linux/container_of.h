//! From a member back to the structure around it.
#ifndef KLOOM_LINUX_CONTAINER_OF_H
#define KLOOM_LINUX_CONTAINER_OF_H
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/stddef.h>
#define typeof_member(T, m) typeof(((T *)0)->m)
#define container_of(ptr, type, member) ({ \
	void *__inner = (void *)(ptr); \
	_Static_assert(__same_type(*(ptr), ((type *)0)->member) || __same_type(*(ptr), void), "container_of(): the pointer does not point to this member"); \
	((type *)(__inner - offsetof(type, member))); })
#define container_of_safe(ptr, type, member) ({ void *__outer = (void *)(ptr); \
	IS_ERR_OR_NULL(__outer) ? (type *)__outer : ((type *)(__outer - offsetof(type, member))); })
#endif
