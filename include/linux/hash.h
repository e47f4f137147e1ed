//! Multiplicative hashing.
#ifndef KLOOM_LINUX_HASH_H
#define KLOOM_LINUX_HASH_H
#include <linux/types.h>
#define GOLDEN_RATIO_32 0x61c88647
#define GOLDEN_RATIO_64 0x61c8864680b583ebull
static inline u32 __hash_32(u32 val) { return val * GOLDEN_RATIO_32; }
static inline u32 hash_32(u32 val, unsigned int bits) { return __hash_32(val) >> (32 - bits); }
static inline u32 hash_64(u64 val, unsigned int bits) { return val * GOLDEN_RATIO_64 >> (64 - bits); }
static inline u32 hash_ptr(const void *ptr, unsigned int bits) { return hash_64((unsigned long)ptr, bits); }
static inline u32 hash32_ptr(const void *ptr) { return (u32)(unsigned long)ptr ^ (u32)((unsigned long)ptr >> 32); }
#define hash_long(val, bits) hash_64(val, bits)
#endif
