//! Unaligned access.
#ifndef KLOOM_LINUX_UNALIGNED_H
#define KLOOM_LINUX_UNALIGNED_H
#include <linux/types.h>
#define get_unaligned(p) ({ struct { typeof(*(p)) v; } __packed const *__up = (const void *)(p); __up->v; })
#define put_unaligned(val, p) do { struct { typeof(*(p)) v; } __packed *__up = (void *)(p); __up->v = (val); } while (0)
#endif
