//! Warns when an expression has another type.
#ifndef KLOOM_LINUX_TYPECHECK_H
#define KLOOM_LINUX_TYPECHECK_H
#define typecheck(type, x) ({ type __tc1; typeof(x) __tc2; (void)(&__tc1 == &__tc2); 1; })
#define typecheck_fn(type, function) ({ typeof(type) __tcf = function; (void)__tcf; })
#define typecheck_pointer(x) ({ typeof(x) __tcp; (void)sizeof(*__tcp); 1; })
#endif
