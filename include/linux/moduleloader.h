//! See linux/module.h.
#ifndef KLOOM_LINUX_MODULELOADER_H
#define KLOOM_LINUX_MODULELOADER_H
#include <linux/module.h>
#endif
