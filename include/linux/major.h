//! Major numbers.
#ifndef KLOOM_LINUX_MAJOR_H
#define KLOOM_LINUX_MAJOR_H
#define MEM_MAJOR 1
#define MISC_MAJOR 10
#endif
