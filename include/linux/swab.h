//! See asm/byteorder.h.
#ifndef KLOOM_LINUX_SWAB_H
#define KLOOM_LINUX_SWAB_H
#include <asm/byteorder.h>
#endif
