//! Fault injection is the driver's (`--fail`).
#ifndef KLOOM_LINUX_FAULT_INJECT_H
#define KLOOM_LINUX_FAULT_INJECT_H
#include <linux/types.h>
#endif
