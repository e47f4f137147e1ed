//! Codes in siginfo.
#ifndef KLOOM_ASM_GENERIC_SIGINFO_H
#define KLOOM_ASM_GENERIC_SIGINFO_H
#include <linux/signal_types.h>
#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_QUEUE -1
#define SI_TIMER -2
#define SI_MESGQ -3
#define SI_ASYNCIO -4
#define SI_SIGIO -5
#define SI_TKILL -6
#define POLL_IN 1
#define POLL_OUT 2
#define POLL_MSG 3
#define POLL_ERR 4
#define POLL_PRI 5
#define POLL_HUP 6
#endif
