//! UUIDs.
#ifndef KLOOM_LINUX_UUID_H
#define KLOOM_LINUX_UUID_H
#include <linux/types.h>
#include <linux/string.h>
#define UUID_SIZE 16
#define UUID_STRING_LEN 36
typedef struct { __u8 b[UUID_SIZE]; } uuid_t;
typedef struct { __u8 b[UUID_SIZE]; } guid_t;
#define UUID_INIT(a, b, c, d0, d1, d2, d3, d4, d5, d6, d7) \
	((uuid_t){{ ((a) >> 24) & 0xff, ((a) >> 16) & 0xff, ((a) >> 8) & 0xff, (a) & 0xff, ((b) >> 8) & 0xff, (b) & 0xff, \
		((c) >> 8) & 0xff, (c) & 0xff, (d0), (d1), (d2), (d3), (d4), (d5), (d6), (d7) }})
#define GUID_INIT(a, b, c, d0, d1, d2, d3, d4, d5, d6, d7) \
	((guid_t){{ (a) & 0xff, ((a) >> 8) & 0xff, ((a) >> 16) & 0xff, ((a) >> 24) & 0xff, (b) & 0xff, ((b) >> 8) & 0xff, \
		(c) & 0xff, ((c) >> 8) & 0xff, (d0), (d1), (d2), (d3), (d4), (d5), (d6), (d7) }})
void generate_random_uuid(unsigned char uuid[16]); //@4n a random (version 4) UUID
void uuid_gen(uuid_t *u); //@4gn as generate_random_uuid
int uuid_parse(const char *uuid, uuid_t *u); //@4n reads the text form; -EINVAL
static inline bool uuid_equal(const uuid_t *a, const uuid_t *b) { return memcmp(a, b, sizeof(*a)) == 0; }
#endif
