//! Checksums.
#ifndef KLOOM_LINUX_CRC16_H
#define KLOOM_LINUX_CRC16_H
#include <linux/types.h>
u16 crc16(u16 crc, const u8 *buffer, size_t len); //@4n CRC-16 (ANSI)
#endif
