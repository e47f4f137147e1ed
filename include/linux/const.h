//! Typed constants.
#ifndef KLOOM_LINUX_CONST_H
#define KLOOM_LINUX_CONST_H
#define _AC(X, Y) __PASTE(X, Y)
#define _AT(T, X) ((T)(X))
#define UL(x) (_AC(x, UL))
#define ULL(x) (_AC(x, ULL))
#define _UL(x) UL(x)
#define _ULL(x) ULL(x)
#define _BITUL(x) (1UL << (x))
#define _BITULL(x) (1ULL << (x))
#endif
