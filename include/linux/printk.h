//! printk and its relatives.
#ifndef KLOOM_LINUX_PRINTK_H
#define KLOOM_LINUX_PRINTK_H
#include <stdarg.h>
#include <linux/init.h>
#include <linux/kern_levels.h>
#include <linux/linkage.h>
#include <linux/ratelimit_types.h>

struct va_format {
	const char *fmt;
	va_list *va;
};

__printf(1, 2) int _printk(const char *fmt, ...); //@2n formats a record into the log; a leading level prefix sets its level, KERN_CONT continues the line; returns its length
__printf(1, 0) int vprintk(const char *fmt, va_list args); //@4n as _printk, with a va_list
int __printk_ratelimit(const char *func); //@2a 1 if a message may be printed now under the kernel-wide limit
bool printk_timed_ratelimit(unsigned long *caller_jiffies, unsigned int interval_msec); //@4a true at most once per interval; the last time is kept in *caller_jiffies
void dump_stack(void); //@2n prints the current task, CPU and call trace
void kloom_dump_stack_lvl(const char *lvl); //@4n as dump_stack with a level
extern int console_printk[4]; //@4n console_loglevel, default, minimum, boot default
void kloom_print_hex_dump(const char *level, const char *prefix, int prefix_type, int rowsize, int groupsize, const void *buf, size_t len, bool ascii); //@4n what print_hex_dump prints: rows of hex bytes, prefix none/address/offset, ASCII column
int hex_dump_to_buffer(const void *buf, size_t len, int rowsize, int groupsize, char *linebuf, size_t linebuflen, bool ascii); //@4n formats one row of a hex dump; returns its length
__printf(1, 2) int kloom_trace_printk(const char *fmt, ...); //@4n writes a line to the trace buffer (prefixed with the caller's symbol)

#define printk(fmt, ...) _printk(fmt, ##__VA_ARGS__)
#define printk_deferred(fmt, ...) _printk(fmt, ##__VA_ARGS__)
#define console_loglevel (console_printk[0])
#define default_message_loglevel (console_printk[1])
#define CONSOLE_LOGLEVEL_DEFAULT 7
#define MESSAGE_LOGLEVEL_DEFAULT 4
#define printk_ratelimit() __printk_ratelimit(__func__)
#define dump_stack_lvl(lvl) kloom_dump_stack_lvl(lvl)
#define trace_dump_stack(skip) dump_stack()
#define trace_printk(fmt, ...) kloom_trace_printk(fmt, ##__VA_ARGS__)
#define trace_puts(s) kloom_trace_printk("%s", (s))
#define no_printk(fmt, ...) ({ if (0) _printk(fmt, ##__VA_ARGS__); 0; })
#define FW_BUG "[Firmware Bug]: "
#define FW_WARN "[Firmware Warn]: "
#define FW_INFO "[Firmware Info]: "

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif
#define pr_emerg(fmt, ...) printk(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_alert(fmt, ...) printk(KERN_ALERT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit(fmt, ...) printk(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...) printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...) printk(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warning pr_warn
#define pr_notice(fmt, ...) printk(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...) printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define pr_cont(fmt, ...) printk(KERN_CONT fmt, ##__VA_ARGS__)
#ifdef DEBUG
#define pr_debug(fmt, ...) printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_devel(fmt, ...) printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#else
/* Dynamic debug that nobody turns on: a switch is read each time, so a loop around the call stays a loop. */
static int __maybe_unused kloom_dynamic_debug;
#define pr_debug(fmt, ...) ({ if (unlikely(*(const volatile int *)&kloom_dynamic_debug)) printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__); 0; })
#define pr_devel(fmt, ...) no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#endif

/* True the first time it is evaluated. */
#define __kloom_first_time() ({ static bool __section(".data.once") __once; !__atomic_exchange_n(&__once, true, __ATOMIC_RELAXED); })
#define printk_once(fmt, ...) ({ bool __first = __kloom_first_time(); if (__first) \
		printk(fmt, ##__VA_ARGS__); \
	unlikely(__first); })
#define pr_emerg_once(fmt, ...) printk_once(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_alert_once(fmt, ...) printk_once(KERN_ALERT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit_once(fmt, ...) printk_once(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err_once(fmt, ...) printk_once(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn_once(fmt, ...) printk_once(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice_once(fmt, ...) printk_once(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info_once(fmt, ...) printk_once(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#ifdef DEBUG
#define pr_debug_once(fmt, ...) printk_once(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#else
#define pr_debug_once(fmt, ...) no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#endif
#define printk_ratelimited(fmt, ...) ({ static DEFINE_RATELIMIT_STATE(__rs, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST); \
	if (__ratelimit(&__rs)) printk(fmt, ##__VA_ARGS__); })
#define pr_emerg_ratelimited(fmt, ...) printk_ratelimited(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_alert_ratelimited(fmt, ...) printk_ratelimited(KERN_ALERT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit_ratelimited(fmt, ...) printk_ratelimited(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err_ratelimited(fmt, ...) printk_ratelimited(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn_ratelimited(fmt, ...) printk_ratelimited(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice_ratelimited(fmt, ...) printk_ratelimited(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info_ratelimited(fmt, ...) printk_ratelimited(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#ifdef DEBUG
#define pr_debug_ratelimited(fmt, ...) printk_ratelimited(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#else
#define pr_debug_ratelimited(fmt, ...) no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#endif

enum { DUMP_PREFIX_NONE, DUMP_PREFIX_ADDRESS, DUMP_PREFIX_OFFSET };
#define print_hex_dump(level, prefix, type, row, group, buf, len, ascii) kloom_print_hex_dump(level, prefix, type, row, group, buf, len, ascii)
#ifdef DEBUG
#define print_hex_dump_debug(prefix, type, row, group, buf, len, ascii) kloom_print_hex_dump(KERN_DEBUG, prefix, type, row, group, buf, len, ascii)
#else
#define print_hex_dump_debug(prefix, type, row, group, buf, len, ascii) do { if (0) kloom_print_hex_dump(KERN_DEBUG, prefix, type, row, group, buf, len, ascii); } while (0)
#endif
#define print_hex_dump_bytes(prefix, type, buf, len) print_hex_dump_debug(prefix, type, 16, 1, buf, len, true)
#endif
