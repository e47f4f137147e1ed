//! Messages about devices.
#ifndef KLOOM_LINUX_DEV_PRINTK_H
#define KLOOM_LINUX_DEV_PRINTK_H
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/ratelimit.h>
struct device;
#ifndef dev_fmt
#define dev_fmt(fmt) fmt
#endif
__printf(3, 4) void _dev_printk(const char *level, const struct device *dev, const char *fmt, ...); //@4n prints "driver device: message" at the level
__printf(2, 3) void _dev_emerg(const struct device *dev, const char *fmt, ...); //@4n at level 0
__printf(2, 3) void _dev_alert(const struct device *dev, const char *fmt, ...); //@4n at level 1
__printf(2, 3) void _dev_crit(const struct device *dev, const char *fmt, ...); //@4n at level 2
__printf(2, 3) void _dev_err(const struct device *dev, const char *fmt, ...); //@4n at level 3
__printf(2, 3) void _dev_warn(const struct device *dev, const char *fmt, ...); //@4n at level 4
__printf(2, 3) void _dev_notice(const struct device *dev, const char *fmt, ...); //@4n at level 5
__printf(2, 3) void _dev_info(const struct device *dev, const char *fmt, ...); //@4n at level 6
__printf(3, 4) int dev_err_probe(const struct device *dev, int err, const char *fmt, ...); //@4gn prints an error and returns it
#define dev_printk(level, dev, fmt, ...) _dev_printk(level, dev, dev_fmt(fmt), ##__VA_ARGS__)
#define dev_emerg(dev, fmt, ...) _dev_emerg(dev, dev_fmt(fmt), ##__VA_ARGS__)
#define dev_alert(dev, fmt, ...) _dev_alert(dev, dev_fmt(fmt), ##__VA_ARGS__)
#define dev_crit(dev, fmt, ...) _dev_crit(dev, dev_fmt(fmt), ##__VA_ARGS__)
#define dev_err(dev, fmt, ...) _dev_err(dev, dev_fmt(fmt), ##__VA_ARGS__)
#define dev_warn(dev, fmt, ...) _dev_warn(dev, dev_fmt(fmt), ##__VA_ARGS__)
#define dev_notice(dev, fmt, ...) _dev_notice(dev, dev_fmt(fmt), ##__VA_ARGS__)
#define dev_info(dev, fmt, ...) _dev_info(dev, dev_fmt(fmt), ##__VA_ARGS__)
#ifdef DEBUG
#define dev_dbg(dev, fmt, ...) _dev_printk(KERN_DEBUG, dev, dev_fmt(fmt), ##__VA_ARGS__)
#else
#define dev_dbg(dev, fmt, ...) ({ if (0) _dev_printk(KERN_DEBUG, dev, dev_fmt(fmt), ##__VA_ARGS__); })
#endif
#define dev_vdbg(dev, fmt, ...) ({ if (0) _dev_printk(KERN_DEBUG, dev, dev_fmt(fmt), ##__VA_ARGS__); })
#define dev_level_once(f, dev, fmt, ...) do { if (__kloom_first_time()) f(dev, fmt, ##__VA_ARGS__); } while (0)
#define dev_err_once(dev, fmt, ...) dev_level_once(dev_err, dev, fmt, ##__VA_ARGS__)
#define dev_warn_once(dev, fmt, ...) dev_level_once(dev_warn, dev, fmt, ##__VA_ARGS__)
#define dev_info_once(dev, fmt, ...) dev_level_once(dev_info, dev, fmt, ##__VA_ARGS__)
#define dev_level_ratelimited(f, dev, fmt, ...) do { static DEFINE_RATELIMIT_STATE(__rs, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST); if (__ratelimit(&__rs)) f(dev, fmt, ##__VA_ARGS__); } while (0)
#define dev_err_ratelimited(dev, fmt, ...) dev_level_ratelimited(dev_err, dev, fmt, ##__VA_ARGS__)
#define dev_warn_ratelimited(dev, fmt, ...) dev_level_ratelimited(dev_warn, dev, fmt, ##__VA_ARGS__)
#define dev_info_ratelimited(dev, fmt, ...) dev_level_ratelimited(dev_info, dev, fmt, ##__VA_ARGS__)
#define dev_dbg_ratelimited(dev, fmt, ...) dev_dbg(dev, fmt, ##__VA_ARGS__)
#define dev_WARN(dev, fmt, ...) WARN(1, fmt, ##__VA_ARGS__)
#endif
