//! Open files.
#ifndef KLOOM_LINUX_FILE_H
#define KLOOM_LINUX_FILE_H
#include <linux/fs.h>
#endif
