//! See linux/input-event-codes.h.
#ifndef KLOOM_UAPI_LINUX_INPUT_EVENT_CODES_H
#define KLOOM_UAPI_LINUX_INPUT_EVENT_CODES_H
#include <linux/input-event-codes.h>
#endif
