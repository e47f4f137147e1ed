//! See asm/param.h.
#ifndef KLOOM_LINUX_PARAM_H
#define KLOOM_LINUX_PARAM_H
#include <asm/param.h>
#endif
