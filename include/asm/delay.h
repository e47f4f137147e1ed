//! Busy delays.
#ifndef KLOOM_ASM_DELAY_H
#define KLOOM_ASM_DELAY_H
void __udelay(unsigned long usecs); //@2n burns CPU for usecs microseconds
void __ndelay(unsigned long nsecs); //@2n burns CPU for nsecs nanoseconds
void __const_udelay(unsigned long xloops); //@4n burns CPU for xloops / 4295 microseconds
void kloom_mdelay(unsigned long msecs); //@2n burns CPU for msecs milliseconds
#define udelay(n) __udelay(n)
#define ndelay(n) __ndelay(n)
#define mdelay(n) kloom_mdelay(n)
#endif
