//! DMA: nothing in the machine does any, so that a module can only include this.
#ifndef KLOOM_LINUX_DMA_MAPPING_H
#define KLOOM_LINUX_DMA_MAPPING_H
#include <linux/device.h>
#include <linux/err.h>
#include <linux/sizes.h>
#endif
