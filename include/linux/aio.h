//! See linux/uio.h.
#ifndef KLOOM_LINUX_AIO_H
#define KLOOM_LINUX_AIO_H
#include <linux/uio.h>
#endif
