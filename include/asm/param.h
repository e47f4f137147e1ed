//! The tick rate.
#ifndef KLOOM_ASM_PARAM_H
#define KLOOM_ASM_PARAM_H
#define HZ CONFIG_HZ
#define USER_HZ 100
#define CLOCKS_PER_SEC USER_HZ
#define EXEC_PAGESIZE 4096
#define NOGROUP (-1)
#define MAXHOSTNAMELEN 64
#endif
