//! Checksums.
#ifndef KLOOM_LINUX_CRC8_H
#define KLOOM_LINUX_CRC8_H
#include <linux/types.h>
#define CRC8_TABLE_SIZE 256
#define DECLARE_CRC8_TABLE(table) static u8 table[CRC8_TABLE_SIZE]
#define CRC8_INIT_VALUE 0xFF
#define CRC8_GOOD_VALUE(table) ((table)[0xFF])
void crc8_populate_msb(u8 table[256], u8 polynomial); //@4n fills a table for the highest bit first
void crc8_populate_lsb(u8 table[256], u8 polynomial); //@4n fills a table for the lowest bit first
u8 crc8(const u8 table[256], const u8 *pdata, size_t nbytes, u8 crc); //@4n CRC-8 by table
#endif
