//! Bits in words: atomic and plain.
#ifndef KLOOM_LINUX_BITOPS_H
#define KLOOM_LINUX_BITOPS_H
#include <linux/bits.h>
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/typecheck.h>
#include <asm/barrier.h>
#define BITS_PER_TYPE(type) (sizeof(type) * BITS_PER_BYTE)
#define BITS_TO_LONGS(nr) (((nr) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define BITS_TO_U64(nr) BITS_TO_LONGS(nr)
#define BITS_TO_BYTES(nr) (((nr) + 7) / 8)
static __always_inline void set_bit(long nr, volatile void *addr) { __atomic_fetch_or((unsigned long *)addr + BIT_WORD(nr), BIT_MASK(nr), __ATOMIC_RELAXED); }
static __always_inline void clear_bit(long nr, volatile void *addr) { __atomic_fetch_and((unsigned long *)addr + BIT_WORD(nr), ~BIT_MASK(nr), __ATOMIC_RELAXED); }
static __always_inline void change_bit(long nr, volatile void *addr) { __atomic_fetch_xor((unsigned long *)addr + BIT_WORD(nr), BIT_MASK(nr), __ATOMIC_RELAXED); }
static __always_inline bool test_and_set_bit(long nr, volatile void *addr) { return (__atomic_fetch_or((unsigned long *)addr + BIT_WORD(nr), BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr)) != 0; }
static __always_inline bool test_and_clear_bit(long nr, volatile void *addr) { return (__atomic_fetch_and((unsigned long *)addr + BIT_WORD(nr), ~BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr)) != 0; }
static __always_inline bool test_and_change_bit(long nr, volatile void *addr) { return (__atomic_fetch_xor((unsigned long *)addr + BIT_WORD(nr), BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr)) != 0; }
static __always_inline bool test_bit(long nr, const volatile void *addr) { return (__atomic_load_n((const unsigned long *)addr + BIT_WORD(nr), __ATOMIC_RELAXED) & BIT_MASK(nr)) != 0; }
static __always_inline bool test_bit_acquire(long nr, const volatile void *addr) { return (__atomic_load_n((const unsigned long *)addr + BIT_WORD(nr), __ATOMIC_ACQUIRE) & BIT_MASK(nr)) != 0; }
static __always_inline bool test_and_set_bit_lock(long nr, volatile void *addr) { return (__atomic_fetch_or((unsigned long *)addr + BIT_WORD(nr), BIT_MASK(nr), __ATOMIC_ACQUIRE) & BIT_MASK(nr)) != 0; }
static __always_inline void clear_bit_unlock(long nr, volatile void *addr) { __atomic_fetch_and((unsigned long *)addr + BIT_WORD(nr), ~BIT_MASK(nr), __ATOMIC_RELEASE); }
static __always_inline void __set_bit(long nr, volatile void *addr) { ((unsigned long *)addr)[BIT_WORD(nr)] |= BIT_MASK(nr); }
static __always_inline void __clear_bit(long nr, volatile void *addr) { ((unsigned long *)addr)[BIT_WORD(nr)] &= ~BIT_MASK(nr); }
static __always_inline void __change_bit(long nr, volatile void *addr) { ((unsigned long *)addr)[BIT_WORD(nr)] ^= BIT_MASK(nr); }
static __always_inline bool __test_and_set_bit(long nr, volatile void *addr) { bool old = (((unsigned long *)addr)[BIT_WORD(nr)] & BIT_MASK(nr)) != 0; __set_bit(nr, addr); return old; }
static __always_inline bool __test_and_clear_bit(long nr, volatile void *addr) { bool old = (((unsigned long *)addr)[BIT_WORD(nr)] & BIT_MASK(nr)) != 0; __clear_bit(nr, addr); return old; }
static __always_inline bool __test_and_change_bit(long nr, volatile void *addr) { bool old = (((unsigned long *)addr)[BIT_WORD(nr)] & BIT_MASK(nr)) != 0; __change_bit(nr, addr); return old; }
static __always_inline void assign_bit(long nr, volatile unsigned long *addr, bool value) { if (value) set_bit(nr, addr); else clear_bit(nr, addr); }
static __always_inline void __assign_bit(long nr, volatile unsigned long *addr, bool value) { if (value) __set_bit(nr, addr); else __clear_bit(nr, addr); }
#define __clear_bit_unlock(nr, addr) clear_bit_unlock(nr, addr)
static __always_inline int ffs(int x) { return __builtin_ffs(x); }
static __always_inline int fls(unsigned int x) { return x ? 32 - __builtin_clz(x) : 0; }
static __always_inline int fls64(u64 x) { return x ? 64 - __builtin_clzll(x) : 0; }
static __always_inline unsigned int fls_long(unsigned long x) { return fls64(x); }
static __always_inline unsigned long __ffs(unsigned long x) { return __builtin_ctzl(x); }
static __always_inline unsigned long __fls(unsigned long x) { return 63 - __builtin_clzl(x); }
static __always_inline unsigned long __ffs64(u64 x) { return __builtin_ctzll(x); }
#define ffz(x) __ffs(~(x))
static __always_inline unsigned int hweight32(unsigned int w) { return __builtin_popcount(w); }
static __always_inline unsigned int hweight16(unsigned int w) { return __builtin_popcount(w & 0xffff); }
static __always_inline unsigned int hweight8(unsigned int w) { return __builtin_popcount(w & 0xff); }
static __always_inline unsigned long hweight64(u64 w) { return __builtin_popcountll(w); }
static __always_inline unsigned long hweight_long(unsigned long w) { return __builtin_popcountl(w); }
static inline u32 rol32(u32 w, unsigned int s) { return (w << (s & 31)) | (w >> ((-s) & 31)); }
static inline u32 ror32(u32 w, unsigned int s) { return (w >> (s & 31)) | (w << ((-s) & 31)); }
static inline u64 rol64(u64 w, unsigned int s) { return (w << (s & 63)) | (w >> ((-s) & 63)); }
static inline u64 ror64(u64 w, unsigned int s) { return (w >> (s & 63)) | (w << ((-s) & 63)); }
static inline u16 rol16(u16 w, unsigned int s) { return (w << (s & 15)) | (w >> ((-s) & 15)); }
static inline u8 rol8(u8 w, unsigned int s) { return (w << (s & 7)) | (w >> ((-s) & 7)); }
static inline s32 sign_extend32(u32 value, int index) { u8 shift = 31 - index; return (s32)(value << shift) >> shift; }
static inline s64 sign_extend64(u64 value, int index) { u8 shift = 63 - index; return (s64)(value << shift) >> shift; }
static inline int get_count_order(unsigned int count) { return count == 0 ? -1 : fls(count - 1); }
static inline unsigned long __kloom_find_bit(const unsigned long *a, unsigned long size, unsigned long start, unsigned long flip)
{
	for (unsigned long w = start / 64; start < size; w++, start = w * 64) {
		unsigned long v = (READ_ONCE(a[w]) ^ flip) & (~0UL << (start % 64));
		if (v) {
			unsigned long r = w * 64 + __builtin_ctzl(v);
			return r < size ? r : size;
		}
	}
	return size;
}
static inline unsigned long find_next_bit(const unsigned long *a, unsigned long size, unsigned long off) { return __kloom_find_bit(a, size, off, 0); }
static inline unsigned long find_next_zero_bit(const unsigned long *a, unsigned long size, unsigned long off) { return __kloom_find_bit(a, size, off, ~0UL); }
static inline unsigned long find_first_bit(const unsigned long *a, unsigned long size) { return __kloom_find_bit(a, size, 0, 0); }
static inline unsigned long find_first_zero_bit(const unsigned long *a, unsigned long size) { return __kloom_find_bit(a, size, 0, ~0UL); }
static inline unsigned long find_last_bit(const unsigned long *a, unsigned long size)
{
	for (unsigned long i = size; i-- > 0; )
		if (a[i / 64] >> (i % 64) & 1)
			return i;
	return size;
}
#define for_each_set_bit(bit, addr, size) for ((bit) = find_first_bit((addr), (size)); (bit) < (size); (bit) = find_next_bit((addr), (size), (bit) + 1))
#define for_each_set_bit_from(bit, addr, size) for ((bit) = find_next_bit((addr), (size), (bit)); (bit) < (size); (bit) = find_next_bit((addr), (size), (bit) + 1))
#define for_each_clear_bit(bit, addr, size) for ((bit) = find_first_zero_bit((addr), (size)); (bit) < (size); (bit) = find_next_zero_bit((addr), (size), (bit) + 1))
#endif
