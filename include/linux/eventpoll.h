//! See linux/poll.h.
#ifndef KLOOM_LINUX_EVENTPOLL_H
#define KLOOM_LINUX_EVENTPOLL_H
#include <uapi/linux/poll.h>
#endif
