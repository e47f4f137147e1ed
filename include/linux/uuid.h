//! UUIDs.
#ifndef KLOOM_LINUX_UUID_H
#define KLOOM_LINUX_UUID_H
#include <linux/types.h>
#include <linux/string.h>
#define UUID_SIZE 16
#define UUID_STRING_LEN 36
typedef struct { __u8 b[UUID_SIZE]; } uuid_t;
typedef struct { __u8 b[UUID_SIZE]; } guid_t;
void generate_random_uuid(unsigned char uuid[16]); //@4n a random (version 4) UUID
void uuid_gen(uuid_t *u); //@4gn as generate_random_uuid
int uuid_parse(const char *uuid, uuid_t *u); //@4n reads the text form; -EINVAL
static inline bool uuid_equal(const uuid_t *a, const uuid_t *b) { return memcmp(a, b, sizeof(*a)) == 0; }
#endif
