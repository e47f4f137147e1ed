//! Jenkins' hash functions; values are those of Linux.
#ifndef KLOOM_LINUX_JHASH_H
#define KLOOM_LINUX_JHASH_H
#include <linux/types.h>
#define JHASH_INITVAL 0xdeadbeef
u32 jhash(const void *key, u32 length, u32 initval); //@4n hash of bytes (lookup3)
u32 jhash2(const u32 *k, u32 length, u32 initval); //@4n hash of words
u32 kloom_jhash_nwords(u32 a, u32 b, u32 c, u32 initval); //@4n hash of three words, initval complete
#define jhash_3words(a, b, c, iv) kloom_jhash_nwords((a), (b), (c), (iv) + JHASH_INITVAL + (3 << 2))
#define jhash_2words(a, b, iv) kloom_jhash_nwords((a), (b), 0, (iv) + JHASH_INITVAL + (2 << 2))
#define jhash_1word(a, iv) kloom_jhash_nwords((a), 0, 0, (iv) + JHASH_INITVAL + (1 << 2))
#endif
