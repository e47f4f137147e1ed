//! Compiler attributes, branch hints and marked accesses.
#ifndef KLOOM_LINUX_COMPILER_H
#define KLOOM_LINUX_COMPILER_H
#include <linux/compiler_types.h>

#define barrier() __asm__ __volatile__("" ::: "memory")
#define barrier_data(ptr) __asm__ __volatile__("" :: "r"(ptr) : "memory")
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define unreachable() __builtin_unreachable()
#define __UNIQUE_ID(prefix) __PASTE(__PASTE(__UNIQUE_ID_, prefix), __COUNTER__)
#define OPTIMIZER_HIDE_VAR(var) __asm__("" : "=r"(var) : "0"(var))
#define RELOC_HIDE(ptr, off) ((typeof(ptr))((unsigned long)(ptr) + (off)))
#define absolute_pointer(val) ((void *)(val))
void kloom_data_race(int begins); //@2n accesses of the caller between (1) and (0) are no data races
#define data_race(expr) ({ kloom_data_race(1); __auto_type __kloom_dr = (expr); kloom_data_race(0); __kloom_dr; })
#define ASSERT_EXCLUSIVE_WRITER(var) ((void)(var))
#define ASSERT_EXCLUSIVE_ACCESS(var) ((void)(var))
#define __must_be_array(a) BUILD_BUG_ON_ZERO(__same_type((a), &(a)[0]))

/* Marked accesses: volatile ones get their own compiler hook, apart from plain ones. */
#define READ_ONCE(x) (*(const volatile __unqual_typeof(x) *)&(x))
#define WRITE_ONCE(x, val) do { *(volatile typeof(x) *)&(x) = (val); } while (0)
#define __READ_ONCE(x) READ_ONCE(x)
#define __WRITE_ONCE(x, val) WRITE_ONCE(x, val)
#define READ_ONCE_NOCHECK(x) READ_ONCE(x)
#define ACCESS_ONCE(x) (*(volatile typeof(x) *)&(x))
#endif
