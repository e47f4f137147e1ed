//! set_fs() and friends, dropped in 5.10: user checks stay as they are, kernel buffers are accepted while KERNEL_DS is set.
#ifndef KLOOM_LINUX_MM_SEGMENT_H
#define KLOOM_LINUX_MM_SEGMENT_H
typedef struct { unsigned long seg; } mm_segment_t;
#define KERNEL_DS ((mm_segment_t){ ~0UL })
#define USER_DS ((mm_segment_t){ 0x7ffffffff000UL })
unsigned long kloom_get_fs(void); //@4n removed in 5.10: current's address limit; notes kernel_read/kernel_write
void kloom_set_fs(unsigned long limit); //@4n removed in 5.10: sets current's address limit; with ~0 user copies accept kernel addresses
#define get_fs() ((mm_segment_t){ kloom_get_fs() })
#define get_ds() KERNEL_DS
#define set_fs(x) kloom_set_fs((x).seg)
#define segment_eq(a, b) ((a).seg == (b).seg)
#define uaccess_kernel() (kloom_get_fs() == ~0UL)
#define force_uaccess_begin() get_fs()
#define force_uaccess_end(x) set_fs(x)
#endif
