//! Formatting into buffers.
#ifndef KLOOM_LINUX_SPRINTF_H
#define KLOOM_LINUX_SPRINTF_H
#include <stdarg.h>
#include <linux/types.h>
__printf(2, 3) int sprintf(char *buf, const char *fmt, ...); //@2n formats without a bound; returns the length
__printf(3, 4) int snprintf(char *buf, size_t size, const char *fmt, ...); //@2n formats into size bytes; returns what a big enough buffer would hold
__printf(3, 4) int scnprintf(char *buf, size_t size, const char *fmt, ...); //@2n as snprintf; returns what was stored
__printf(2, 0) int vsprintf(char *buf, const char *fmt, va_list args); //@2n sprintf with a va_list
__printf(3, 0) int vsnprintf(char *buf, size_t size, const char *fmt, va_list args); //@2n snprintf with a va_list
__printf(3, 0) int vscnprintf(char *buf, size_t size, const char *fmt, va_list args); //@2n scnprintf with a va_list
__scanf(2, 3) int sscanf(const char *buf, const char *fmt, ...); //@2n the kernel's scanf language; returns the number of conversions
__scanf(2, 0) int vsscanf(const char *buf, const char *fmt, va_list args); //@4n sscanf with a va_list
__printf(2, 3) char *kasprintf(gfp_t gfp, const char *fmt, ...); //@2s formats into kmalloc'ed memory; NULL without memory (gfp decides whether it may sleep)
__printf(2, 0) char *kvasprintf(gfp_t gfp, const char *fmt, va_list args); //@4s kasprintf with a va_list
#endif
