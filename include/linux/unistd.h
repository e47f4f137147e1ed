//! Numbers of system calls.
#ifndef KLOOM_LINUX_UNISTD_H
#define KLOOM_LINUX_UNISTD_H
#include <asm/unistd.h>
#endif
