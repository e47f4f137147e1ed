//! Values that mark dead pointers and freed bytes.
#ifndef KLOOM_LINUX_POISON_H
#define KLOOM_LINUX_POISON_H
#define POISON_POINTER_DELTA 0xdead000000000000UL
#define LIST_POISON1 ((void *)(0x100UL + POISON_POINTER_DELTA))
#define LIST_POISON2 ((void *)(0x122UL + POISON_POINTER_DELTA))
#define TIMER_ENTRY_STATIC ((void *)(0x300UL + POISON_POINTER_DELTA))
#define POISON_INUSE 0x5a
#define POISON_FREE 0x6b
#define POISON_END 0xa5
#endif
