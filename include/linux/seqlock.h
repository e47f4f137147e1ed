//! Sequence counts and sequence locks.
#ifndef KLOOM_LINUX_SEQLOCK_H
#define KLOOM_LINUX_SEQLOCK_H
#include <linux/spinlock.h>
#include <linux/preempt.h>
#include <linux/mutex.h>
#include <asm/processor.h>
#include <linux/seqlock_types.h>
void kloom_seqcount_init(seqcount_t *s, const char *name, struct lock_class_key *key); //@4n (re)initialises
void kloom_seq_read_begin(const seqcount_t *s); //@4n tells the race detector that reads until the matching end are retried
void kloom_seq_read_end(const seqcount_t *s); //@4n the end of such reads
void kloom_seq_write_begin(seqcount_t *s); //@4n tells the race detector of writes that readers retry
void kloom_seq_write_end(seqcount_t *s); //@4n the end of such writes
#define seqcount_init(s) do { static struct lock_class_key __key; kloom_seqcount_init((s), #s, &__key); } while (0)
#define seqcount_spinlock_init(s, l) do { (void)(l); seqcount_init(&(s)->seqcount); } while (0)
#define seqcount_mutex_init(s, l) do { (void)(l); seqcount_init(&(s)->seqcount); } while (0)
#define __kloom_sc(s) _Generic((s), seqcount_t *: (s), const seqcount_t *: (s), default: (seqcount_t *)(s))
static inline unsigned __kloom_seq_begin(const seqcount_t *s)
{
	unsigned seq;
	while ((seq = READ_ONCE(s->sequence)) & 1)
		cpu_relax();
	smp_rmb();
	kloom_seq_read_begin(s);
	return seq;
}
static inline int __kloom_seq_retry(const seqcount_t *s, unsigned start) { kloom_seq_read_end(s); smp_rmb(); return READ_ONCE(s->sequence) != start; }
static inline void __kloom_seq_wbegin(seqcount_t *s) { WRITE_ONCE(s->sequence, s->sequence + 1); smp_wmb(); kloom_seq_write_begin(s); }
static inline void __kloom_seq_wend(seqcount_t *s) { kloom_seq_write_end(s); smp_wmb(); WRITE_ONCE(s->sequence, s->sequence + 1); }
#define read_seqcount_begin(s) __kloom_seq_begin((const seqcount_t *)(s))
#define raw_read_seqcount_begin(s) read_seqcount_begin(s)
#define __read_seqcount_begin(s) read_seqcount_begin(s)
#define raw_read_seqcount(s) READ_ONCE(((const seqcount_t *)(s))->sequence)
#define read_seqcount_retry(s, start) __kloom_seq_retry((const seqcount_t *)(s), (start))
#define __read_seqcount_retry(s, start) read_seqcount_retry(s, start)
#define write_seqcount_begin(s) __kloom_seq_wbegin((seqcount_t *)(s))
#define write_seqcount_end(s) __kloom_seq_wend((seqcount_t *)(s))
#define raw_write_seqcount_begin(s) write_seqcount_begin(s)
#define raw_write_seqcount_end(s) write_seqcount_end(s)
#define write_seqcount_invalidate(s) do { smp_wmb(); ((seqcount_t *)(s))->sequence += 2; } while (0)
void kloom_seqlock_init(seqlock_t *sl, const char *name, struct lock_class_key *key); //@4n (re)initialises
#define seqlock_init(sl) do { static struct lock_class_key __key; kloom_seqlock_init((sl), #sl, &__key); } while (0)
static inline unsigned read_seqbegin(const seqlock_t *sl) { return __kloom_seq_begin(&sl->seqcount); }
static inline unsigned read_seqretry(const seqlock_t *sl, unsigned start) { return __kloom_seq_retry(&sl->seqcount, start); }
static inline void write_seqlock(seqlock_t *sl) { spin_lock(&sl->lock); __kloom_seq_wbegin(&sl->seqcount); }
static inline void write_sequnlock(seqlock_t *sl) { __kloom_seq_wend(&sl->seqcount); spin_unlock(&sl->lock); }
static inline void write_seqlock_bh(seqlock_t *sl) { spin_lock_bh(&sl->lock); __kloom_seq_wbegin(&sl->seqcount); }
static inline void write_sequnlock_bh(seqlock_t *sl) { __kloom_seq_wend(&sl->seqcount); spin_unlock_bh(&sl->lock); }
static inline void write_seqlock_irq(seqlock_t *sl) { spin_lock_irq(&sl->lock); __kloom_seq_wbegin(&sl->seqcount); }
static inline void write_sequnlock_irq(seqlock_t *sl) { __kloom_seq_wend(&sl->seqcount); spin_unlock_irq(&sl->lock); }
#define write_seqlock_irqsave(sl, flags) do { spin_lock_irqsave(&(sl)->lock, flags); __kloom_seq_wbegin(&(sl)->seqcount); } while (0)
static inline void write_sequnlock_irqrestore(seqlock_t *sl, unsigned long flags) { __kloom_seq_wend(&sl->seqcount); spin_unlock_irqrestore(&sl->lock, flags); }
static inline void read_seqlock_excl(seqlock_t *sl) { spin_lock(&sl->lock); }
static inline void read_sequnlock_excl(seqlock_t *sl) { spin_unlock(&sl->lock); }
static inline void read_seqbegin_or_lock(seqlock_t *lock, int *seq) { if (!(*seq & 1)) *seq = read_seqbegin(lock); else read_seqlock_excl(lock); }
static inline int need_seqretry(seqlock_t *lock, int seq) { return !(seq & 1) && read_seqretry(lock, seq); }
static inline void done_seqretry(seqlock_t *lock, int seq) { if (seq & 1) read_sequnlock_excl(lock); }
#endif
