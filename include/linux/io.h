//! Ports and device memory. There is no hardware: ports read as all ones, and no device memory can be mapped.
#ifndef KLOOM_LINUX_IO_H
#define KLOOM_LINUX_IO_H
#include <linux/types.h>
#include <linux/err.h>
#include <asm/io.h>
#endif
