//! Character classes (ASCII).
#ifndef KLOOM_LINUX_CTYPE_H
#define KLOOM_LINUX_CTYPE_H
#include <linux/compiler.h>
static inline int isdigit(int c) { return c >= '0' && c <= '9'; }
static inline int islower(int c) { return c >= 'a' && c <= 'z'; }
static inline int isupper(int c) { return c >= 'A' && c <= 'Z'; }
static inline int isalpha(int c) { return islower(c) || isupper(c); }
static inline int isalnum(int c) { return isalpha(c) || isdigit(c); }
static inline int isspace(int c) { return c == ' ' || (c >= 9 && c <= 13) || (unsigned char)c == 0xa0; }
static inline int isxdigit(int c) { return isdigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
static inline int isprint(int c) { return (c >= 32 && c < 127) || (unsigned char)c >= 0xa0; }
static inline int isgraph(int c) { return isprint(c) && c != ' '; }
static inline int ispunct(int c) { return isgraph(c) && !isalnum(c); }
static inline int iscntrl(int c) { return (c >= 0 && c < 32) || c == 127; }
static inline int isascii(int c) { return (unsigned char)c <= 0x7f; }
static inline int toascii(int c) { return c & 0x7f; }
static inline unsigned char __tolower(unsigned char c) { return isupper(c) ? c + 32 : c; }
static inline unsigned char __toupper(unsigned char c) { return islower(c) ? c - 32 : c; }
#define tolower(c) __tolower(c)
#define toupper(c) __toupper(c)
static inline char _tolower(const char c) { return c | 0x20; }
#endif
