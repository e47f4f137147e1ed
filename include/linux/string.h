//! Strings and blocks of memory. Reads and writes are checked and raced like the module's own.
#ifndef KLOOM_LINUX_STRING_H
#define KLOOM_LINUX_STRING_H
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/errno.h>
#include <stdarg.h>
void *memset(void *s, int c, size_t n); //@2n fills
void *memcpy(void *dest, const void *src, size_t n); //@2n copies; the blocks must not overlap
void *memmove(void *dest, const void *src, size_t n); //@2n copies
int memcmp(const void *a, const void *b, size_t n); //@2n compares
void *memchr(const void *s, int c, size_t n); //@2n finds a byte
void *memchr_inv(const void *s, int c, size_t n); //@4n finds a byte that is not c
void *memscan(void *addr, int c, size_t size); //@4n finds a byte, or the end
size_t strlen(const char *s); //@2n length
size_t strnlen(const char *s, size_t n); //@2n length, at most n
char *strcpy(char *dest, const char *src); //@2n copies a string
char *strncpy(char *dest, const char *src, size_t n); //@2n copies at most n characters and fills with zeroes
ssize_t strscpy(char *dest, const char *src, size_t n); //@2n copies and always terminates: length, or -E2BIG when cut
ssize_t strscpy_pad(char *dest, const char *src, size_t n); //@4n as strscpy, filling with zeroes
size_t strlcpy(char *dest, const char *src, size_t n); //@4n removed in 6.8: copies, terminated; length of src; notes strscpy
size_t strlcat(char *dest, const char *src, size_t n); //@4n appends, terminated
char *strcat(char *dest, const char *src); //@2n appends
char *strncat(char *dest, const char *src, size_t n); //@2n appends at most n characters
int strcmp(const char *a, const char *b); //@2n compares
int strncmp(const char *a, const char *b, size_t n); //@2n compares at most n characters
int strcasecmp(const char *a, const char *b); //@4n compares ignoring case
int strncasecmp(const char *a, const char *b, size_t n); //@4n compares at most n characters ignoring case
char *strchr(const char *s, int c); //@2n first c
char *strchrnul(const char *s, int c); //@4n first c or the end
char *strnchr(const char *s, size_t n, int c); //@4n first c in n characters
char *strrchr(const char *s, int c); //@2n last c
char *strstr(const char *s, const char *what); //@2n first occurrence
char *strnstr(const char *s, const char *what, size_t n); //@4n first occurrence in n characters
size_t strspn(const char *s, const char *accept); //@4n length of the leading part made of accept
size_t strcspn(const char *s, const char *reject); //@2n length of the leading part without reject
char *strpbrk(const char *s, const char *accept); //@4n first character of accept
char *strsep(char **s, const char *delim); //@2n splits the next word off; NULL at the end
char *skip_spaces(const char *s); //@2n first character that is not white space
char *strim(char *s); //@2n cuts white space at both ends
char *strreplace(char *s, char old, char new); //@4n replaces characters
bool sysfs_streq(const char *a, const char *b); //@4n equal but for one trailing newline
int match_string(const char *const *array, size_t n, const char *string); //@4n index of a string, or -EINVAL
int __sysfs_match_string(const char *const *array, size_t n, const char *s); //@4n as match_string with sysfs_streq
char *kstrdup(const char *s, gfp_t gfp); //@2s a kmalloc'ed copy or NULL
const char *kstrdup_const(const char *s, gfp_t gfp); //@4s a copy, or s itself if it is constant
char *kstrndup(const char *s, size_t max, gfp_t gfp); //@4s a copy of at most max characters
void *kmemdup(const void *src, size_t len, gfp_t gfp); //@2s a copy of a block
char *kmemdup_nul(const char *s, size_t len, gfp_t gfp); //@4s a copy of a block, terminated
void *memdup_user(const void __user *src, size_t len); //@4s a copy of user memory, or ERR_PTR
char *strndup_user(const char __user *s, long n); //@4s a copy of a user string, or ERR_PTR
void *memdup_user_nul(const void __user *src, size_t len); //@4s a terminated copy of user memory, or ERR_PTR
char **argv_split(gfp_t gfp, const char *str, int *argcp); //@4s words of a string as an array
void argv_free(char **argv); //@4n frees it
__attribute__((noreturn, cold)) void fortify_panic(const char *name); //@4n says that a destination is too small and kills the caller
/* CONFIG_FORTIFY_SOURCE: where the compiler knows how large the destination is (KLOOM_ROOM), a copy beyond it is a BUG. */
#define KLOOM_ROOM(d, kind) __builtin_object_size((d), (kind))
#define KLOOM_FORTIFY(name, d, kind, need) do { if (KLOOM_ROOM(d, kind) != (size_t)-1 && (need) > KLOOM_ROOM(d, kind)) fortify_panic(name); } while (0)
#define strcpy(d, s) ({ const char *__fs = (s); KLOOM_FORTIFY("strcpy", d, 1, strlen(__fs) + 1); strcpy((d), __fs); })
#define strcat(d, s) ({ const char *__fs = (s); KLOOM_FORTIFY("strcat", d, 1, strlen(d) + strlen(__fs) + 1); strcat((d), __fs); })
#define strncpy(d, s, n) ({ size_t __fn = (n); KLOOM_FORTIFY("strncpy", d, 1, __fn); strncpy((d), (s), __fn); })
#define memcpy(d, s, n) ({ size_t __fn = (n); KLOOM_FORTIFY("memcpy", d, 0, __fn); memcpy((d), (s), __fn); })
#define memmove(d, s, n) ({ size_t __fn = (n); KLOOM_FORTIFY("memmove", d, 0, __fn); memmove((d), (s), __fn); })
#define memset(d, c, n) ({ size_t __fn = (n); KLOOM_FORTIFY("memset", d, 0, __fn); memset((d), (c), __fn); })
#define strstrip(s) strim(s)
#define strnicmp(a, b, n) strncasecmp(a, b, n)
#define sysfs_match_string(array, s) __sysfs_match_string((array), ARRAY_SIZE(array), (s))
#define kbasename(path) ({ const char *__kb = strrchr((path), '/'); __kb ? __kb + 1 : (path); })
#define strtomem(dest, src) memcpy((dest), (src), min(sizeof(dest), strlen(src)))
#define str_has_prefix(str, prefix) ({ size_t __pl = strlen(prefix); strncmp((str), (prefix), __pl) == 0 ? __pl : 0; })
#define strstarts(str, prefix) (strncmp((str), (prefix), strlen(prefix)) == 0)
#define memzero_explicit(s, n) do { memset((s), 0, (n)); barrier_data(s); } while (0)
#define unsafe_memcpy(d, s, n, why) memcpy(d, s, n)
static inline void *memset16(u16 *p, u16 v, size_t n) { while (n--) p[n] = v; return p; }
static inline void *memset32(u32 *p, u32 v, size_t n) { while (n--) p[n] = v; return p; }
static inline void *memset64(u64 *p, u64 v, size_t n) { while (n--) p[n] = v; return p; }
static inline void memcpy_and_pad(void *d, size_t dn, const void *s, size_t n, int pad) { if (dn > n) { memcpy(d, s, n); memset((char *)d + n, pad, dn - n); } else memcpy(d, s, dn); }
#endif
