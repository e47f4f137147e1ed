//! Random numbers: drawn from the machine's chooser, so the same run draws the same.
#ifndef KLOOM_LINUX_RANDOM_H
#define KLOOM_LINUX_RANDOM_H
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/list.h>
void get_random_bytes(void *buf, size_t len); //@2n fills with random bytes
u8 get_random_u8(void); //@4n a random number
u16 get_random_u16(void); //@4n a random number
u32 get_random_u32(void); //@2n a random number
u64 get_random_u64(void); //@2n a random number
u32 kloom_get_random_u32_below(u32 ceil); //@4n a random number below ceil
u32 prandom_u32(void); //@4n removed in 6.1-rc: a random number; notes get_random_u32
void add_device_randomness(const void *buf, size_t len); //@4n accepted and ignored
#define get_random_int() get_random_u32()
#define get_random_long() ((unsigned long)get_random_u64())
#define random32() get_random_u32()
#define get_random_u32_below(c) kloom_get_random_u32_below(c)
#define get_random_u32_inclusive(lo, hi) ((lo) + kloom_get_random_u32_below((hi) - (lo) + 1))
#define prandom_u32_max(c) kloom_get_random_u32_below(c)
#define prandom_bytes(b, n) get_random_bytes((b), (n))
#define get_random_once(b, n) get_random_bytes((b), (n))
#define get_random_bytes_wait(b, n) (get_random_bytes((b), (n)), 0)
#define wait_for_random_bytes() 0
#define rng_is_initialized() true
#endif
