//! Requests to block devices: the machine has none, so that a module can only include this.
#ifndef KLOOM_LINUX_BIO_H
#define KLOOM_LINUX_BIO_H
#include <linux/mempool.h>
#endif
