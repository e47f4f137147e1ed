//! Page orders.
#ifndef KLOOM_LINUX_MMZONE_H
#define KLOOM_LINUX_MMZONE_H
#define MAX_ORDER 11
#define MAX_ORDER_NR_PAGES (1 << (MAX_ORDER - 1))
#endif
