//! The general header: includes what its namesake includes.
#ifndef KLOOM_LINUX_KERNEL_H
#define KLOOM_LINUX_KERNEL_H
#include <stdarg.h>
#include <linux/align.h>
#include <linux/limits.h>
#include <linux/linkage.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/typecheck.h>
#include <linux/printk.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/sprintf.h>
#include <linux/panic.h>
#include <linux/instruction_pointer.h>
#include <asm/byteorder.h>
#define STACK_MAGIC 0xdeadbeef
#define REPEAT_BYTE(x) ((~0UL / 0xff) * (x))
#define ARRAY_SIZE(arr) (sizeof(arr) / sizeof((arr)[0]) + __must_be_array(arr))
#define READ 0
#define WRITE 1
#define PTR_IF(cond, ptr) ((cond) ? (ptr) : NULL)
#define u64_to_user_ptr(x) ((void __user *)(uintptr_t)(x))
#define upper_32_bits(n) ((u32)(((n) >> 16) >> 16))
#define lower_32_bits(n) ((u32)((n) & 0xffffffff))
#define upper_16_bits(n) ((u16)((n) >> 16))
#define lower_16_bits(n) ((u16)((n) & 0xffff))
#define COUNT_ARGS(...) __kloom_count(, ##__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define __kloom_count(_0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, n, ...) n
#define CONCATENATE(a, b) __PASTE(a, b)
void __might_sleep(const char *file, int line); //@2a reports "sleeping function called from invalid context" when the context is atomic; otherwise a voluntary scheduling point
int __cond_resched(void); //@2s gives way if a reschedule is due; 1 if it did
#define might_sleep() do { __might_sleep(__FILE__, __LINE__); } while (0)
#define might_sleep_if(cond) do { if (cond) might_sleep(); } while (0)
#define cant_sleep() do { } while (0)
#define cant_migrate() do { } while (0)
#define might_fault() do { } while (0)
#define non_block_start() do { } while (0)
#define non_block_end() do { } while (0)
int get_option(char **str, int *pint); //@4n takes the next integer of a comma list
char *get_options(const char *str, int nints, int *ints); //@4n takes a list of integers and ranges
unsigned long long memparse(const char *ptr, char **retp); //@4n number with K/M/G suffix
bool parse_option_str(const char *str, const char *option); //@4n true if the comma list has the word
char *next_arg(char *args, char **param, char **val); //@4n splits one "name=value" off
int __kernel_text_address(unsigned long addr); //@4n 1 if the address is code
int core_kernel_text(unsigned long addr); //@4n 1 if the address is the kernel's own code
extern const char hex_asc[]; //@4n the digits 0-9a-f
extern const char hex_asc_upper[]; //@4n the digits 0-9A-F
int hex_to_bin(unsigned char ch); //@4n value of a hex digit or -1
int hex2bin(u8 *dst, const char *src, size_t count); //@4n bytes from hex digits; -EINVAL
char *bin2hex(char *dst, const void *src, size_t count); //@4n hex digits from bytes; returns the end
#define hex_asc_lo(x) hex_asc[(x) & 0x0f]
#define hex_asc_hi(x) hex_asc[((x) & 0xf0) >> 4]
static inline char *hex_byte_pack(char *buf, u8 byte) { *buf++ = hex_asc_hi(byte); *buf++ = hex_asc_lo(byte); return buf; }
extern enum system_states { SYSTEM_BOOTING, SYSTEM_SCHEDULING, SYSTEM_FREEING_INITMEM, SYSTEM_RUNNING, SYSTEM_HALT, SYSTEM_POWER_OFF, SYSTEM_RESTART, SYSTEM_SUSPEND } system_state; //@4n SYSTEM_RUNNING while modules run
#define VERIFY_OCTAL_PERMISSIONS(perms) \
	(BUILD_BUG_ON_ZERO((perms) < 0) + BUILD_BUG_ON_ZERO((perms) > 0777) + \
	 BUILD_BUG_ON_ZERO((((perms) >> 6) & 4) < (((perms) >> 3) & 4)) + BUILD_BUG_ON_ZERO((((perms) >> 3) & 4) < ((perms) & 4)) + \
	 BUILD_BUG_ON_ZERO((((perms) >> 6) & 2) < (((perms) >> 3) & 2)) + BUILD_BUG_ON_ZERO((perms) & 2) + (perms))
#endif
