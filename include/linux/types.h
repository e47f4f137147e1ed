//! Integer types and the plain structures that everything else embeds.
#ifndef KLOOM_LINUX_TYPES_H
#define KLOOM_LINUX_TYPES_H
#include <linux/stddef.h>

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __s8 s8;
typedef __u8 u8;
typedef __s16 s16;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;
typedef __u16 __le16, __be16, __sum16;
typedef __u32 __le32, __be32, __wsum;
typedef __u64 __le64, __be64;
typedef unsigned __poll_t;

typedef _Bool bool;
typedef u8 uint8_t, u_int8_t, unchar, u_char;
typedef u16 uint16_t, u_int16_t, ushort, u_short;
typedef u32 uint32_t, u_int32_t, uint, u_int;
typedef u64 uint64_t, u_int64_t;
typedef s8 int8_t;
typedef s16 int16_t;
typedef s32 int32_t;
typedef s64 int64_t;
typedef unsigned long ulong, u_long, uintptr_t;
typedef long intptr_t;
typedef long __kernel_long_t;
typedef unsigned long __kernel_ulong_t;
typedef unsigned long __kernel_size_t;
typedef long __kernel_ssize_t;
typedef long __kernel_off_t;
typedef long long __kernel_loff_t;
typedef long long __kernel_time64_t;
typedef long __kernel_old_time_t, __kernel_time_t, __kernel_suseconds_t;
typedef int __kernel_pid_t, __kernel_clockid_t, __kernel_timer_t;
typedef unsigned int __kernel_uid32_t, __kernel_gid32_t;
typedef __kernel_size_t size_t;
typedef __kernel_ssize_t ssize_t;
typedef long ptrdiff_t;
typedef __kernel_off_t off_t;
typedef long long loff_t;
typedef int pid_t;
typedef unsigned int uid_t, gid_t;
typedef u32 __kernel_dev_t;
typedef u32 dev_t;
typedef unsigned short umode_t, mode_t_compat;
typedef unsigned int mode_t, __kernel_mode_t;
typedef unsigned int nlink_t;
typedef unsigned long ino_t;
typedef int clockid_t, timer_t, key_t, daddr_t_compat;
typedef long clock_t;
typedef long time_t;
typedef s64 time64_t;
typedef u64 timeu64_t;
typedef long suseconds_t;
typedef int key_serial_t;
typedef unsigned int gfp_t, slab_flags_t, fmode_t;
typedef u64 phys_addr_t, dma_addr_t, resource_size_t, blkcnt_t, sector_t;
typedef unsigned long irq_hw_number_t, pgoff_t;
typedef unsigned long cycles_t;
typedef s64 ktime_t;
typedef u64 __attribute__((aligned(8))) aligned_u64;
typedef int (*cmp_func_t)(const void *, const void *);
typedef int (*cmp_r_func_t)(const void *, const void *, const void *);
typedef void (*swap_func_t)(void *, void *, int);
#define BITS_PER_LONG_TYPES 64

typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;
typedef atomic64_t atomic_long_t;
#define ATOMIC_INIT(i) { (i) }
#define ATOMIC64_INIT(i) { (i) }
#define ATOMIC_LONG_INIT(i) { (i) }
typedef struct refcount_struct { atomic_t refs; } refcount_t;

struct list_head { struct list_head *next, *prev; };
struct hlist_head { struct hlist_node *first; };
struct hlist_node { struct hlist_node *next, **pprev; };
struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *head);
} __attribute__((aligned(sizeof(void *))));
#define rcu_head callback_head
typedef void (*rcu_callback_t)(struct rcu_head *head);
typedef void (*call_rcu_func_t)(struct rcu_head *head, rcu_callback_t func);
#define DECLARE_BITMAP(name, bits) unsigned long name[((bits) + 63) / 64]
#define pgprot_val(x) ((x).pgprot)
typedef struct pgprot { unsigned long pgprot; } pgprot_t;
struct ustat;
#endif
