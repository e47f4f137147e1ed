//! Vectors of buffers.
#ifndef KLOOM_LINUX_UIO_H
#define KLOOM_LINUX_UIO_H
#include <linux/kernel.h>
#include <linux/thread_info.h>
struct iovec { void __user *iov_base; __kernel_size_t iov_len; };
struct kvec { void *iov_base; size_t iov_len; };
struct iov_iter { u8 iter_type; bool data_source; size_t iov_offset; size_t count; const struct iovec *iov; unsigned long nr_segs; };
size_t _copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i); //@4s copies to the buffers; bytes copied
size_t _copy_from_iter(void *addr, size_t bytes, struct iov_iter *i); //@4s copies from the buffers; bytes copied
#define copy_to_iter(a, n, i) _copy_to_iter((a), (n), (i))
#define copy_from_iter(a, n, i) _copy_from_iter((a), (n), (i))
static inline size_t iov_iter_count(const struct iov_iter *i) { return i->count; }
#endif
