//! Delays and sleeps.
#ifndef KLOOM_LINUX_DELAY_H
#define KLOOM_LINUX_DELAY_H
#include <linux/math.h>
#include <linux/sched.h>
#include <linux/jiffies.h>
#include <asm/delay.h>
extern unsigned long loops_per_jiffy; //@4n calibration value
void msleep(unsigned int msecs); //@2s sleeps at least msecs in state D: signals and stop requests do not shorten it
unsigned long msleep_interruptible(unsigned int msecs); //@2s sleeps in state S; milliseconds left when a signal ended it
void usleep_range_state(unsigned long min, unsigned long max, unsigned int state); //@2s sleeps between min and max microseconds by hrtimer, in the state given
#define usleep_range(min, max) usleep_range_state((min), (max), TASK_UNINTERRUPTIBLE)
#define usleep_idle_range(min, max) usleep_range_state((min), (max), TASK_IDLE)
static __always_inline void ssleep(unsigned int seconds) { msleep(seconds * 1000); }
static __always_inline void fsleep(unsigned long usecs)
{
	if (usecs <= 10)
		udelay(usecs);
	else if (usecs <= 20000)
		usleep_range(usecs, 2 * usecs);
	else
		msleep(DIV_ROUND_UP(usecs, 1000));
}
#define flsleep(us) fsleep(us)
#endif
