//! Attribute spellings that every kernel unit may use without including anything.
#ifndef KLOOM_LINUX_COMPILER_TYPES_H
#define KLOOM_LINUX_COMPILER_TYPES_H
#define ___PASTE(a, b) a##b
#define __PASTE(a, b) ___PASTE(a, b)

#define __user
#define __kernel
#define __iomem
#define __percpu
#define __rcu
#define __force
#define __nocast
#define __bitwise
#define __bitwise__
#define __safe
#define __private
#define __chk_user_ptr(x) ((void)0)
#define __chk_io_ptr(x) ((void)0)
#define __must_hold(x)
#define __acquires(x)
#define __releases(x)
#define __cond_acquires(x)
#define __acquire(x) ((void)0)
#define __release(x) ((void)0)
#define __cond_lock(x, c) (c)
#define ACCESS_PRIVATE(p, member) ((p)->member)

#define __alias(symbol) __attribute__((__alias__(#symbol)))
#define __aligned(x) __attribute__((__aligned__(x)))
#define __aligned_largest __attribute__((__aligned__))
#define __always_unused __attribute__((__unused__))
#define __attribute_const__ __attribute__((__const__))
#define __cold __attribute__((__cold__))
#define __deprecated
#define __flatten __attribute__((__flatten__))
#define __gnu_inline __attribute__((__gnu_inline__))
#define __malloc __attribute__((__malloc__))
#define __maybe_unused __attribute__((__unused__))
#define __must_check __attribute__((__warn_unused_result__))
#define __mode(x) __attribute__((__mode__(x)))
#define noinline __attribute__((__noinline__))
#define __noreturn __attribute__((__noreturn__))
#define __packed __attribute__((__packed__))
#define __printf(a, b) __attribute__((__format__(printf, a, b)))
#define __scanf(a, b) __attribute__((__format__(scanf, a, b)))
#define __pure __attribute__((__pure__))
#define __section(s) __attribute__((__section__(s)))
#define __used __attribute__((__used__))
#define __visible
#define __weak __attribute__((__weak__))
#define __hot __attribute__((__hot__))
#define __always_inline inline __attribute__((__always_inline__))
#define __inline inline
#define notrace __attribute__((__no_instrument_function__))
#define noinline_for_stack noinline
#define noinstr noinline
#define asmlinkage
#define asmlinkage_linkage
#define fastcall
#define __no_sanitize_address
#define __no_kcsan __no_sanitize_thread
#define __nocfi
#define __no_profile
#define __latent_entropy
#define __randomize_layout
#define randomized_struct_fields_start struct {
#define randomized_struct_fields_end };
#define __designated_init
#define __no_randomize_layout
#define __counted_by(member)
#define __compiletime_error(msg) __attribute__((__error__(msg)))
#define __compiletime_warning(msg) __attribute__((__warning__(msg)))
#define __diag_push()
#define __diag_pop()
#if defined(__clang__)
#define __nonstring
#define __noclone
#define __no_sanitize_thread __attribute__((__no_sanitize__("thread")))
#define fallthrough __attribute__((__fallthrough__))
#else
#define __nonstring __attribute__((__nonstring__))
#define __noclone __attribute__((__noclone__))
#define __no_sanitize_thread __attribute__((__no_sanitize_thread__))
#define fallthrough __attribute__((__fallthrough__))
#endif
#define __assume_aligned(a, ...) __attribute__((__assume_aligned__(a, ##__VA_ARGS__)))
#define __alloc_size(x, ...)
#define __has_builtin_or(x) 0
#define __same_type(a, b) __builtin_types_compatible_p(typeof(a), typeof(b))
#define __native_word(t) (sizeof(t) == 1 || sizeof(t) == 2 || sizeof(t) == 4 || sizeof(t) == 8)
/* Reading a scalar through a comma expression drops const and volatile from its type. */
#define __unqual_typeof(x) typeof(x)
#define __unqual_scalar_typeof(x) typeof(_Generic((x), default: (x)))
#define __is_constexpr(x) (sizeof(int) == sizeof(*(8 ? ((void *)((long)(x) * 0l)) : (int *)8)))

#ifndef __init
#define __init __section(".init.text") __cold
#define __initdata __section(".init.data")
#define __initconst __section(".init.rodata")
#define __exit __section(".exit.text") __used __cold
#define __exitdata __section(".exit.data")
#define __exitconst __section(".exit.rodata")
#endif
#endif
