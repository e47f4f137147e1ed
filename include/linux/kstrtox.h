//! Text to numbers.
#ifndef KLOOM_LINUX_KSTRTOX_H
#define KLOOM_LINUX_KSTRTOX_H
#include <linux/types.h>
int kstrtoull(const char *s, unsigned int base, unsigned long long *res); //@2n parses a whole number; base 0 detects 0x and 0; one trailing newline allowed; 0, -EINVAL or -ERANGE
int kstrtoll(const char *s, unsigned int base, long long *res); //@2n as kstrtoull, signed
int kstrtouint(const char *s, unsigned int base, unsigned int *res); //@2n as kstrtoull, -ERANGE outside the type
int kstrtoint(const char *s, unsigned int base, int *res); //@2n as kstrtoll, -ERANGE outside the type
int kstrtou16(const char *s, unsigned int base, u16 *res); //@4n as kstrtouint for u16
int kstrtos16(const char *s, unsigned int base, s16 *res); //@4n as kstrtoint for s16
int kstrtou8(const char *s, unsigned int base, u8 *res); //@4n as kstrtouint for u8
int kstrtos8(const char *s, unsigned int base, s8 *res); //@4n as kstrtoint for s8
int kstrtobool(const char *s, bool *res); //@2n y Y t T 1 on On ON: true; n N f F 0 off: false; else -EINVAL
static inline int kstrtoul(const char *s, unsigned int base, unsigned long *res) { return kstrtoull(s, base, (unsigned long long *)res); }
static inline int kstrtol(const char *s, unsigned int base, long *res) { return kstrtoll(s, base, (long long *)res); }
static inline int kstrtou64(const char *s, unsigned int base, u64 *res) { return kstrtoull(s, base, res); }
static inline int kstrtos64(const char *s, unsigned int base, s64 *res) { return kstrtoll(s, base, res); }
static inline int kstrtou32(const char *s, unsigned int base, u32 *res) { return kstrtouint(s, base, res); }
static inline int kstrtos32(const char *s, unsigned int base, s32 *res) { return kstrtoint(s, base, res); }
#define strict_strtoul kstrtoul
#define strict_strtol kstrtol
#define strict_strtoull kstrtoull
#define strict_strtoll kstrtoll
int kstrtoull_from_user(const char __user *s, size_t count, unsigned int base, unsigned long long *res); //@4s copies the text from user memory, then as kstrtoull; -EFAULT
int kstrtoll_from_user(const char __user *s, size_t count, unsigned int base, long long *res); //@4s copies the text from user memory, then as kstrtoll; -EFAULT
int kstrtouint_from_user(const char __user *s, size_t count, unsigned int base, unsigned int *res); //@4s copies the text from user memory, then as kstrtouint; -EFAULT
int kstrtoint_from_user(const char __user *s, size_t count, unsigned int base, int *res); //@4s copies the text from user memory, then as kstrtoint; -EFAULT
int kstrtobool_from_user(const char __user *s, size_t count, bool *res); //@4s copies the text from user memory, then as kstrtobool; -EFAULT
static inline int kstrtoul_from_user(const char __user *s, size_t n, unsigned int base, unsigned long *res) { return kstrtoull_from_user(s, n, base, (unsigned long long *)res); }
static inline int kstrtol_from_user(const char __user *s, size_t n, unsigned int base, long *res) { return kstrtoll_from_user(s, n, base, (long long *)res); }
#define kstrtou64_from_user kstrtoull_from_user
#define kstrtou32_from_user kstrtouint_from_user
unsigned long simple_strtoul(const char *cp, char **endp, unsigned int base); //@2n leading number of a text, no error report; *endp set to the rest
long simple_strtol(const char *cp, char **endp, unsigned int base); //@2n as simple_strtoul, signed
unsigned long long simple_strtoull(const char *cp, char **endp, unsigned int base); //@4n as simple_strtoul
long long simple_strtoll(const char *cp, char **endp, unsigned int base); //@4n as simple_strtol
#endif
