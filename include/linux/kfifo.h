//! Ring buffers of elements: one writer and one reader need no lock. The indices run freely; sizes are powers of two.
#ifndef KLOOM_LINUX_KFIFO_H
#define KLOOM_LINUX_KFIFO_H
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>
#include <linux/slab.h>
#include <linux/log2.h>
#include <linux/uaccess.h>
struct __kfifo { unsigned int in, out, mask, esize; void *data; };
#define __STRUCT_KFIFO_COMMON(datatype, recsize, ptrtype) union { struct __kfifo kfifo; datatype *type; const datatype *const_type; char (*rectype)[recsize]; ptrtype *ptr; ptrtype const *ptr_const; }
#define __STRUCT_KFIFO_PTR(type, recsize, ptrtype) { __STRUCT_KFIFO_COMMON(type, recsize, ptrtype); type buf[0]; }
#define __STRUCT_KFIFO(type, size, recsize, ptrtype) { __STRUCT_KFIFO_COMMON(type, recsize, ptrtype); type buf[((size < 2) || (size & (size - 1))) ? -1 : size]; }
#define STRUCT_KFIFO(type, size) struct __STRUCT_KFIFO(type, size, 0, type)
#define STRUCT_KFIFO_PTR(type) struct __STRUCT_KFIFO_PTR(type, 0, type)
struct kfifo __STRUCT_KFIFO_PTR(unsigned char, 0, void);
struct kfifo_rec_ptr_1 __STRUCT_KFIFO_PTR(unsigned char, 1, void);
struct kfifo_rec_ptr_2 __STRUCT_KFIFO_PTR(unsigned char, 2, void);
#define STRUCT_KFIFO_REC_1(size) struct __STRUCT_KFIFO(unsigned char, size, 1, void)
#define STRUCT_KFIFO_REC_2(size) struct __STRUCT_KFIFO(unsigned char, size, 2, void)
#define __is_kfifo_ptr(f) (sizeof(*(f)) == sizeof(STRUCT_KFIFO_PTR(typeof(*(f)->type))))
#define DECLARE_KFIFO_PTR(fifo, type) STRUCT_KFIFO_PTR(type) fifo
#define DECLARE_KFIFO(fifo, type, size) STRUCT_KFIFO(type, size) fifo
#define INIT_KFIFO(fifo) do { typeof(&(fifo)) __kf = &(fifo); __kf->kfifo.in = __kf->kfifo.out = 0; __kf->kfifo.mask = __is_kfifo_ptr(__kf) ? 0 : ARRAY_SIZE(__kf->buf) - 1; \
	__kf->kfifo.esize = sizeof(*__kf->type); __kf->kfifo.data = __is_kfifo_ptr(__kf) ? NULL : __kf->buf; } while (0)
#define DEFINE_KFIFO(fifo, type, size) DECLARE_KFIFO(fifo, type, size) = (typeof(fifo)){ { { .in = 0, .out = 0, \
	.mask = __is_kfifo_ptr(&(fifo)) ? 0 : ARRAY_SIZE((fifo).buf) - 1, .esize = sizeof(*(fifo).buf), .data = __is_kfifo_ptr(&(fifo)) ? NULL : (fifo).buf } } }
#define kfifo_initialized(f) ((f)->kfifo.mask)
#define kfifo_esize(f) ((f)->kfifo.esize)
#define kfifo_recsize(f) (sizeof(*(f)->rectype))
#define kfifo_size(f) ((f)->kfifo.mask + 1)
#define kfifo_reset(f) (void)({ (f)->kfifo.in = (f)->kfifo.out = 0; })
#define kfifo_reset_out(f) (void)({ (f)->kfifo.out = (f)->kfifo.in; })
#define kfifo_len(f) __kloom_kf_len(&(f)->kfifo, kfifo_recsize(f))
#define kfifo_is_empty(f) (READ_ONCE((f)->kfifo.in) == READ_ONCE((f)->kfifo.out))
#define kfifo_is_full(f) (__kloom_kf_used(&(f)->kfifo) > (f)->kfifo.mask)
#define kfifo_avail(f) __kloom_kf_avail(&(f)->kfifo, kfifo_recsize(f))
#define kfifo_skip(f) (void)__kloom_kf_skip(&(f)->kfifo, kfifo_recsize(f))
#define kfifo_peek_len(f) __kloom_kf_peek_len(&(f)->kfifo, kfifo_recsize(f))
#define kfifo_alloc(f, size, gfp) __kloom_kf_alloc(&(f)->kfifo, (size), sizeof(*(f)->type), (gfp))
#define kfifo_init(f, buffer, size) __kloom_kf_init(&(f)->kfifo, (buffer), (size), sizeof(*(f)->type))
#define kfifo_free(f) __kloom_kf_free(&(f)->kfifo)
#define kfifo_put(f, val) ({ typeof((f)) __kp = (f); typeof(*__kp->const_type) __kv = (val); __kloom_kf_in(&__kp->kfifo, &__kv, kfifo_recsize(__kp) ? sizeof(__kv) : 1, kfifo_recsize(__kp)); })
#define kfifo_get(f, val) ({ typeof((f)) __kp = (f); __kloom_kf_out(&__kp->kfifo, (val), kfifo_recsize(__kp) ? sizeof(*(val)) : 1, kfifo_recsize(__kp), 0); })
#define kfifo_peek(f, val) ({ typeof((f)) __kp = (f); __kloom_kf_out(&__kp->kfifo, (val), kfifo_recsize(__kp) ? sizeof(*(val)) : 1, kfifo_recsize(__kp), 1); })
#define kfifo_in(f, from, n) __kloom_kf_in(&(f)->kfifo, (from), (n), kfifo_recsize(f))
#define kfifo_out(f, to, n) __kloom_kf_out(&(f)->kfifo, (to), (n), kfifo_recsize(f), 0)
#define kfifo_out_peek(f, to, n) __kloom_kf_out(&(f)->kfifo, (to), (n), kfifo_recsize(f), 1)
#define kfifo_in_spinlocked(f, from, n, lock) ({ unsigned long __kfl; unsigned int __kr; spin_lock_irqsave((lock), __kfl); __kr = kfifo_in(f, from, n); spin_unlock_irqrestore((lock), __kfl); __kr; })
#define kfifo_out_spinlocked(f, to, n, lock) ({ unsigned long __kfl; unsigned int __kr; spin_lock_irqsave((lock), __kfl); __kr = kfifo_out(f, to, n); spin_unlock_irqrestore((lock), __kfl); __kr; })
#define kfifo_in_locked(f, from, n, lock) kfifo_in_spinlocked(f, from, n, lock)
#define kfifo_out_locked(f, to, n, lock) kfifo_out_spinlocked(f, to, n, lock)
#define kfifo_from_user(f, from, len, copied) __kloom_kf_from_user(&(f)->kfifo, (from), (len), (copied), kfifo_recsize(f))
#define kfifo_to_user(f, to, len, copied) __kloom_kf_to_user(&(f)->kfifo, (to), (len), (copied), kfifo_recsize(f))
static inline unsigned int __kloom_kf_used(const struct __kfifo *f) { return READ_ONCE(f->in) - READ_ONCE(f->out); }
static inline unsigned int __kloom_kf_byte(const struct __kfifo *f, unsigned int at) { return ((unsigned char *)f->data)[at & f->mask]; }
static inline unsigned int __kloom_kf_peek_len(const struct __kfifo *f, size_t rec) { return __kloom_kf_used(f) == 0 || !rec ? 0 : __kloom_kf_byte(f, f->out) | (rec > 1 ? __kloom_kf_byte(f, f->out + 1) << 8 : 0); }
static inline unsigned int __kloom_kf_len(const struct __kfifo *f, size_t rec) { return rec ? __kloom_kf_peek_len(f, rec) : __kloom_kf_used(f); }
static inline unsigned int __kloom_kf_avail(const struct __kfifo *f, size_t rec)
{
	unsigned int room = f->mask + 1 - __kloom_kf_used(f), most = rec == 1 ? 255 : 65535;
	return !rec ? room : room <= rec ? 0 : min_t(unsigned int, room - rec, most);
}
/* Moves n elements between the ring at index at and p; in two pieces when the ring's end lies between. */
static __maybe_unused void __kloom_kf_move(struct __kfifo *f, void *p, unsigned int n, unsigned int at, int into)
{
	unsigned int first = min(n, f->mask + 1 - (at & f->mask));
	char *slot = (char *)f->data + (size_t)(at & f->mask) * f->esize;
	if (into) {
		memcpy(slot, p, (size_t)first * f->esize);
		memcpy(f->data, (char *)p + (size_t)first * f->esize, (size_t)(n - first) * f->esize);
	} else {
		memcpy(p, slot, (size_t)first * f->esize);
		memcpy((char *)p + (size_t)first * f->esize, f->data, (size_t)(n - first) * f->esize);
	}
}
static __maybe_unused unsigned int __kloom_kf_in(struct __kfifo *f, const void *from, unsigned int n, size_t rec)
{
	unsigned int room = __kloom_kf_avail(f, rec);
	unsigned char head[2] = { n & 255, n >> 8 };
	if (rec ? n > room : !room)
		return 0;
	n = min(n, room);
	if (rec)
		__kloom_kf_move(f, head, rec, f->in, 1);
	__kloom_kf_move(f, (void *)from, n, f->in + rec, 1);
	smp_wmb();
	WRITE_ONCE(f->in, f->in + n + (unsigned int)rec);
	return n;
}
static __maybe_unused unsigned int __kloom_kf_out(struct __kfifo *f, void *to, unsigned int n, size_t rec, int peek)
{
	unsigned int have = __kloom_kf_len(f, rec), used = __kloom_kf_used(f);
	if (!used)
		return 0;
	n = min(n, have);
	smp_rmb();
	__kloom_kf_move(f, to, n, f->out + rec, 0);
	if (!peek) {
		smp_mb();
		WRITE_ONCE(f->out, f->out + (rec ? have + (unsigned int)rec : n));
	}
	return n;
}
static inline int __kloom_kf_skip(struct __kfifo *f, size_t rec) { WRITE_ONCE(f->out, f->out + (rec ? __kloom_kf_len(f, rec) + (unsigned int)rec : 1)); return 0; }
static __maybe_unused int __must_check __kloom_kf_init(struct __kfifo *f, void *buffer, unsigned int size, size_t esize)
{
	size /= esize;
	if (size)
		size = rounddown_pow_of_two(size);
	*f = (struct __kfifo){ .esize = esize, .data = buffer, .mask = size < 2 ? 0 : size - 1 };
	return size < 2 ? -EINVAL : 0;
}
static __maybe_unused int __must_check __kloom_kf_alloc(struct __kfifo *f, unsigned int size, size_t esize, gfp_t gfp)
{
	size = roundup_pow_of_two(size);
	*f = (struct __kfifo){ .esize = esize };
	if (size < 2)
		return -EINVAL;
	f->data = kmalloc_array(esize, size, gfp);
	if (!f->data)
		return -ENOMEM;
	f->mask = size - 1;
	return 0;
}
static inline void __kloom_kf_free(struct __kfifo *f) { kfree(f->data); *f = (struct __kfifo){ 0 }; }
static __maybe_unused int __kloom_kf_from_user(struct __kfifo *f, const void __user *from, unsigned long len, unsigned int *copied, size_t rec)
{
	unsigned int n = rec ? len : len / f->esize;
	void *tmp;
	*copied = 0;
	if (rec ? n > __kloom_kf_avail(f, rec) : 0)
		return 0;
	n = min(n, __kloom_kf_avail(f, rec));
	if (!n)
		return 0;
	tmp = kmalloc_array(n, f->esize, GFP_KERNEL);
	if (!tmp)
		return -ENOMEM;
	if (copy_from_user(tmp, from, (unsigned long)n * f->esize)) { kfree(tmp); return -EFAULT; }
	*copied = __kloom_kf_in(f, tmp, n, rec) * f->esize;
	kfree(tmp);
	return 0;
}
static __maybe_unused int __kloom_kf_to_user(struct __kfifo *f, void __user *to, unsigned long len, unsigned int *copied, size_t rec)
{
	unsigned int n = min_t(unsigned long, rec ? len : len / f->esize, __kloom_kf_len(f, rec));
	void *tmp;
	*copied = 0;
	if (!n)
		return 0;
	tmp = kmalloc_array(n, f->esize, GFP_KERNEL);
	if (!tmp)
		return -ENOMEM;
	n = __kloom_kf_out(f, tmp, n, rec, 1);
	if (copy_to_user(to, tmp, (unsigned long)n * f->esize)) { kfree(tmp); return -EFAULT; }
	__kloom_kf_out(f, tmp, n, rec, 0);
	*copied = n * f->esize;
	kfree(tmp);
	return 0;
}
#endif
