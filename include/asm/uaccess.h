//! User memory.
#ifndef KLOOM_ASM_UACCESS_H
#define KLOOM_ASM_UACCESS_H
#ifndef KLOOM_LINUX_UACCESS_H
#pragma GCC warning "kloom-removed:copy_to_user() in <asm/uaccess.h>|4.12|<linux/uaccess.h>"
#endif
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <kloom/object.h>
#include <linux/mm_segment.h>
#define VERIFY_READ 0
#define VERIFY_WRITE 1
unsigned long _copy_from_user(void *to, const void __user *from, unsigned long n); //@2s copies from user memory; number of bytes not copied (those are zeroed)
unsigned long _copy_to_user(void __user *to, const void *from, unsigned long n); //@2s copies to user memory; number of bytes not copied
unsigned long kloom_clear_user(void __user *to, unsigned long n); //@2s zeroes user memory; number of bytes not cleared
long strncpy_from_user(char *dst, const char __user *src, long count); //@2s copies a string; its length, count when cut, -EFAULT
long strnlen_user(const char __user *str, long n); //@2s length with the final zero, above n when longer, 0 on a fault
int kloom_access_ok(const void __user *addr, unsigned long size); //@2n 1 if the range lies in user space
long copy_from_kernel_nofault(void *dst, const void *src, size_t size); //@4gn copies kernel memory that may be unmapped; 0 or -EFAULT
long copy_to_kernel_nofault(void *dst, const void *src, size_t size); //@4gn as above, writing
#define __kloom_access_2(addr, size) kloom_access_ok((const void *)(addr), (size))
#define __kloom_access_3(type, addr, size) KLOOM_REMOVED("kloom-removed:access_ok() with three arguments|5.0|access_ok(addr, size)") kloom_access_ok((const void *)(addr), (size))
#define __kloom_access_pick(_1, _2, _3, f, ...) f
/* Two arguments since 5.0, three before. */
#define access_ok(...) __kloom_access_pick(__VA_ARGS__, __kloom_access_3, __kloom_access_2)(__VA_ARGS__)
#define verify_area(type, addr, size) KLOOM_REMOVED("kloom-removed:verify_area()|2.6.14|access_ok(addr, size), which is 1 when all is well") (access_ok(addr, size) ? 0 : -EFAULT)
static __always_inline unsigned long __must_check copy_from_user(void *to, const void __user *from, unsigned long n) { return _copy_from_user(to, from, n); }
static __always_inline unsigned long __must_check copy_to_user(void __user *to, const void *from, unsigned long n) { return _copy_to_user(to, from, n); }
#define __copy_from_user(to, from, n) _copy_from_user(to, from, n)
#define __copy_to_user(to, from, n) _copy_to_user(to, from, n)
#define __copy_from_user_inatomic(to, from, n) _copy_from_user(to, from, n)
#define __copy_to_user_inatomic(to, from, n) _copy_to_user(to, from, n)
#define raw_copy_from_user(to, from, n) _copy_from_user(to, from, n)
#define raw_copy_to_user(to, from, n) _copy_to_user(to, from, n)
#define copy_from_user_nofault(d, s, n) (_copy_from_user((d), (s), (n)) ? -EFAULT : 0)
#define clear_user(to, n) kloom_clear_user(to, n)
#define __clear_user(to, n) kloom_clear_user(to, n)
#define strlen_user(s) strnlen_user((s), LONG_MAX)
#define probe_kernel_read(d, s, n) copy_from_kernel_nofault(d, s, n)
#define probe_kernel_write(d, s, n) copy_to_kernel_nofault(d, s, n)
#define get_user(x, ptr) ({ typeof((typeof(*(ptr)))0) __gu; int __ge = _copy_from_user(&__gu, (ptr), sizeof(__gu)) ? -EFAULT : 0; (x) = __ge ? (typeof(x))0 : (typeof(x))__gu; __ge; })
#define put_user(x, ptr) ({ typeof(*(ptr)) __pu = (x); _copy_to_user((void *)(ptr), &__pu, sizeof(__pu)) ? -EFAULT : 0; })
#define __get_user(x, ptr) get_user(x, ptr)
#define __put_user(x, ptr) put_user(x, ptr)
#define pagefault_disable() do { } while (0)
#define pagefault_enable() do { } while (0)
#endif
