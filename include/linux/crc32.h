//! Checksums.
#ifndef KLOOM_LINUX_CRC32_H
#define KLOOM_LINUX_CRC32_H
#include <linux/types.h>
u32 crc32_le(u32 crc, const unsigned char *p, size_t len); //@4n CRC-32, low bit first, no inversion
u32 crc32_be(u32 crc, const unsigned char *p, size_t len); //@4n CRC-32, high bit first
u32 __crc32c_le(u32 crc, const unsigned char *p, size_t len); //@4n CRC-32C
#define crc32(seed, data, len) crc32_le((seed), (const unsigned char *)(data), (len))
#define ether_crc_le(len, data) crc32_le(~0, (data), (len))
#endif
