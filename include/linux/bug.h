//! BUG, WARN and build-time assertions.
#ifndef KLOOM_LINUX_BUG_H
#define KLOOM_LINUX_BUG_H
#include <linux/compiler.h>
#include <linux/build_bug.h>
#include <linux/printk.h>
void kloom_bug(const char *file, int line, const char *func, const char *condition) __noreturn __cold; //@2n prints "kernel BUG at file:line!" as an oops and kills the task; condition is the text of BUG_ON's argument or NULL
__printf(4, 5) void kloom_warn(const char *file, int line, const char *func, const char *fmt, ...) __cold; //@2n prints the WARNING block of WARN() with the message; taints W
void kloom_warn_on(const char *file, int line, const char *func, const char *condition) __cold; //@2n prints the WARNING block of WARN_ON(); taints W
__printf(1, 2) void panic(const char *fmt, ...) __noreturn __cold; //@2n stops the machine with "Kernel panic - not syncing: ..."
void add_taint(unsigned int flag, int lockdep_ok); //@4n sets a taint bit
#define TAINT_WARN 9
#define TAINT_USER 6
#define LOCKDEP_STILL_OK 1
#define LOCKDEP_NOW_UNRELIABLE 0
#define BUG() kloom_bug(__FILE__, __LINE__, __func__, NULL)
#define BUG_ON(condition) do { if (unlikely(condition)) kloom_bug(__FILE__, __LINE__, __func__, #condition); } while (0)
#define WARN_ON(condition) ({ int __warned = !!(condition); \
	if (unlikely(__warned)) kloom_warn_on(__FILE__, __LINE__, __func__, #condition); \
	unlikely(__warned); })
#define WARN(condition, fmt, ...) ({ int __warned = !!(condition); \
	if (unlikely(__warned)) kloom_warn(__FILE__, __LINE__, __func__, fmt, ##__VA_ARGS__); \
	unlikely(__warned); })
#define WARN_ON_ONCE(condition) ({ int __warned = !!(condition); \
	if (unlikely(__warned) && __kloom_first_time()) kloom_warn_on(__FILE__, __LINE__, __func__, #condition); \
	unlikely(__warned); })
#define WARN_ONCE(condition, fmt, ...) ({ int __warned = !!(condition); \
	if (unlikely(__warned) && __kloom_first_time()) kloom_warn(__FILE__, __LINE__, __func__, fmt, ##__VA_ARGS__); \
	unlikely(__warned); })
#define WARN_TAINT(condition, taint, fmt, ...) WARN(condition, fmt, ##__VA_ARGS__)
#define WARN_TAINT_ONCE(condition, taint, fmt, ...) WARN_ONCE(condition, fmt, ##__VA_ARGS__)
#define CHECK_DATA_CORRUPTION(condition, fmt, ...) WARN(condition, fmt, ##__VA_ARGS__)
#endif
