//! A bit of a word as a spinlock.
#ifndef KLOOM_LINUX_BIT_SPINLOCK_H
#define KLOOM_LINUX_BIT_SPINLOCK_H
#include <linux/bitops.h>
#include <linux/preempt.h>
#include <asm/processor.h>
static __always_inline int bit_spin_trylock(int nr, unsigned long *word)
{
	preempt_disable();
	if (!test_and_set_bit_lock(nr, word))
		return 1;
	preempt_enable();
	return 0;
}
static __always_inline void bit_spin_lock(int nr, unsigned long *word)
{
	while (!bit_spin_trylock(nr, word))
		while (test_bit(nr, word))
			cpu_relax();
}
static __always_inline void bit_spin_unlock(int nr, unsigned long *word)
{
	clear_bit_unlock(nr, word);
	preempt_enable();
}
static __always_inline void __bit_spin_unlock(int nr, unsigned long *word) { bit_spin_unlock(nr, word); }
static __always_inline int bit_spin_is_locked(int nr, unsigned long *word) { return test_bit(nr, word); }
#endif
