//! Options in text: tokens by pattern, and their arguments.
#ifndef KLOOM_LINUX_PARSER_H
#define KLOOM_LINUX_PARSER_H
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/string.h>
struct match_token {
	int token;
	const char *pattern;
};
typedef struct match_token match_table_t[];
enum { MAX_OPT_ARGS = 3 };
typedef struct {
	char *from;
	char *to;
} substring_t;

/* How long the number at `s` is in a base (0: as C writes it). */
static inline size_t kloom_match_number(const char *s, unsigned int base, bool sign)
{
	size_t len = sign && (*s == '-' || *s == '+') ? 1 : 0, start;

	if ((base == 0 || base == 16) && s[len] == '0' && (s[len + 1] | 0x20) == 'x' && isxdigit(s[len + 2])) {
		base = 16;
		len += 2;
	} else if (base == 0) {
		base = s[len] == '0' ? 8 : 10;
	}
	for (start = len; isxdigit(s[len]); len++) {
		unsigned int digit = isdigit(s[len]) ? s[len] - '0' : (s[len] | 0x20) - 'a' + 10;

		if (digit >= base)
			break;
	}
	return len == start ? 0 : len;
}

static inline int kloom_match_one(char *s, const char *p, substring_t args[])
{
	int argc = 0;

	if (!p)
		return 1;
	for (;;) {
		const char *percent = strchr(p, '%');
		size_t same = percent ? percent - p : strlen(p), len, width;
		char *end;

		if (!percent)
			return strcmp(p, s) == 0;
		if (strncmp(p, s, same))
			return 0;
		s += same;
		p = percent + 1;
		if (*p == '%') {
			if (*s++ != '%')
				return 0;
			p++;
			continue;
		}
		if (argc >= MAX_OPT_ARGS)
			return 0;
		width = simple_strtoul(p, &end, 10);
		if (end == p)
			width = (size_t)-1;
		p = end;
		args[argc].from = s;
		switch (*p++) {
		case 's':
			len = strlen(s);
			if (!len)
				return 0;
			break;
		case 'd':
			len = kloom_match_number(s, 0, true);
			break;
		case 'u':
			len = kloom_match_number(s, 0, false);
			break;
		case 'o':
			len = kloom_match_number(s, 8, false);
			break;
		case 'x':
			len = kloom_match_number(s, 16, false);
			break;
		default:
			return 0;
		}
		if (!len)
			return 0;
		s += len < width ? len : width;
		args[argc++].to = s;
	}
}

/* The token of the first pattern that fits; the last entry has none and fits everything. */
static inline int match_token(char *s, const match_table_t table, substring_t args[])
{
	const struct match_token *p = table;

	while (!kloom_match_one(s, p->pattern, args))
		p++;
	return p->token;
}
static inline size_t match_strlcpy(char *dest, const substring_t *src, size_t size)
{
	size_t len = src->to - src->from;

	if (size) {
		size_t copy = len < size ? len : size - 1;

		memcpy(dest, src->from, copy);
		dest[copy] = '\0';
	}
	return len;
}
static inline char *match_strdup(const substring_t *s) { return kmemdup_nul(s->from, s->to - s->from, GFP_KERNEL); }
static inline int kloom_match_value(substring_t *s, int *result, int base)
{
	char text[32];
	long value;
	int ret;

	if (match_strlcpy(text, s, sizeof(text)) >= sizeof(text))
		return -ERANGE;
	ret = kstrtol(text, base, &value);
	if (ret)
		return ret == -ERANGE ? ret : -EINVAL;
	if (value < INT_MIN || value > INT_MAX)
		return -ERANGE;
	*result = value;
	return 0;
}
static inline int match_int(substring_t *s, int *result) { return kloom_match_value(s, result, 0); }
static inline int match_octal(substring_t *s, int *result) { return kloom_match_value(s, result, 8); }
static inline int match_hex(substring_t *s, int *result) { return kloom_match_value(s, result, 16); }
static inline int match_uint(substring_t *s, unsigned int *result)
{
	char text[32];

	return match_strlcpy(text, s, sizeof(text)) >= sizeof(text) ? -ERANGE : kstrtouint(text, 10, result);
}
static inline int match_u64(substring_t *s, u64 *result)
{
	char text[32];

	return match_strlcpy(text, s, sizeof(text)) >= sizeof(text) ? -ERANGE : kstrtoull(text, 0, result);
}
static inline bool match_wildcard(const char *pattern, const char *str)
{
	const char *s = str, *p = pattern, *star = NULL, *retry = NULL;

	while (*s) {
		if (*p == '*') {
			star = ++p;
			retry = s;
			if (!*p)
				return true;
		} else if (*p == '?' || *p == *s) {
			p++;
			s++;
		} else if (star) {
			p = star;
			s = ++retry;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return !*p;
}
#endif
