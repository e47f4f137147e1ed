//! Input devices: the keyboard is reached by linux/keyboard.h; a module can only include this.
#ifndef KLOOM_LINUX_INPUT_H
#define KLOOM_LINUX_INPUT_H
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/timer.h>
#include <linux/input-event-codes.h>
#endif
