//! Empty.
#ifndef KLOOM_LINUX_SECURITY_H
#define KLOOM_LINUX_SECURITY_H
#include <linux/cred.h>
#endif
