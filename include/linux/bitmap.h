//! Arrays of bits.
#ifndef KLOOM_LINUX_BITMAP_H
#define KLOOM_LINUX_BITMAP_H
#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/string.h>
#include <linux/types.h>
#define BITMAP_LAST_WORD_MASK(nbits) (~0UL >> (-(nbits) & 63))
#define BITMAP_FIRST_WORD_MASK(start) (~0UL << ((start) & 63))
unsigned long *bitmap_alloc(unsigned int nbits, gfp_t flags); //@4s memory for a bitmap
unsigned long *bitmap_zalloc(unsigned int nbits, gfp_t flags); //@4s as bitmap_alloc, cleared
void bitmap_free(const unsigned long *bitmap); //@4a frees it
static inline void bitmap_zero(unsigned long *d, unsigned int n) { __builtin_memset(d, 0, BITS_TO_LONGS(n) * 8); }
static inline void bitmap_fill(unsigned long *d, unsigned int n) { __builtin_memset(d, 0xff, BITS_TO_LONGS(n) * 8); }
static inline void bitmap_copy(unsigned long *d, const unsigned long *s, unsigned int n) { __builtin_memcpy(d, s, BITS_TO_LONGS(n) * 8); }
static inline bool bitmap_and(unsigned long *d, const unsigned long *a, const unsigned long *b, unsigned int n) { unsigned long any = 0; for (unsigned int i = 0; i < BITS_TO_LONGS(n); i++) any |= d[i] = a[i] & b[i]; return any != 0; }
static inline void bitmap_or(unsigned long *d, const unsigned long *a, const unsigned long *b, unsigned int n) { for (unsigned int i = 0; i < BITS_TO_LONGS(n); i++) d[i] = a[i] | b[i]; }
static inline void bitmap_xor(unsigned long *d, const unsigned long *a, const unsigned long *b, unsigned int n) { for (unsigned int i = 0; i < BITS_TO_LONGS(n); i++) d[i] = a[i] ^ b[i]; }
static inline bool bitmap_andnot(unsigned long *d, const unsigned long *a, const unsigned long *b, unsigned int n) { unsigned long any = 0; for (unsigned int i = 0; i < BITS_TO_LONGS(n); i++) any |= d[i] = a[i] & ~b[i]; return any != 0; }
static inline void bitmap_complement(unsigned long *d, const unsigned long *s, unsigned int n) { for (unsigned int i = 0; i < BITS_TO_LONGS(n); i++) d[i] = ~s[i]; }
static inline bool bitmap_empty(const unsigned long *s, unsigned int n) { return find_first_bit(s, n) == n; }
static inline bool bitmap_full(const unsigned long *s, unsigned int n) { return find_first_zero_bit(s, n) == n; }
static inline bool bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned int n) { for (unsigned int i = 0; i < n; i++) if (test_bit(i, a) != test_bit(i, b)) return false; return true; }
static inline unsigned int bitmap_weight(const unsigned long *s, unsigned int n) { unsigned int w = 0, i; for_each_set_bit(i, s, n) w++; return w; }
static inline void bitmap_set(unsigned long *map, unsigned int start, unsigned int n) { while (n--) __set_bit(start++, map); }
static inline void bitmap_clear(unsigned long *map, unsigned int start, unsigned int n) { while (n--) __clear_bit(start++, map); }
static inline unsigned long bitmap_find_next_zero_area(unsigned long *map, unsigned long size, unsigned long start, unsigned int nr, unsigned long align_mask)
{
	for (;;) {
		unsigned long end, hit;
		start = (find_next_zero_bit(map, size, start) + align_mask) & ~align_mask;
		end = start + nr;
		if (end > size)
			return end;
		hit = find_next_bit(map, end, start);
		if (hit >= end)
			return start;
		start = hit + 1;
	}
}
#endif
