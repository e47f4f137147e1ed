//! Buffers of block devices: the machine has none, so that a module can only include this.
#ifndef KLOOM_LINUX_BUFFER_HEAD_H
#define KLOOM_LINUX_BUFFER_HEAD_H
#include <linux/types.h>
#include <linux/fs.h>
#include <linux/wait.h>
#include <linux/atomic.h>
#endif
