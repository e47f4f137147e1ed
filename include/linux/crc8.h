//! Checksums.
#ifndef KLOOM_LINUX_CRC8_H
#define KLOOM_LINUX_CRC8_H
#include <linux/types.h>
#define CRC8_TABLE_SIZE 256
u8 crc8(const u8 table[256], const u8 *pdata, size_t nbytes, u8 crc); //@4n CRC-8 by table
#endif
