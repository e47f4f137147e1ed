/*
 * `n` times one turn of the loop that `what` names. All loops have the same basic blocks, so the difference to
 * what=0 is what the accesses or the call cost. A short sleep now and then keeps the clock at its usual pace.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>

static ulong n = 1000;
module_param(n, ulong, 0444);
static int what;
module_param(what, int, 0444);

static volatile ulong fixed[8];
static atomic_t counter = ATOMIC_INIT(0);
static ulong sink;

#define TURNS 4096
#define EIGHT(op) do { op(0); op(1); op(2); op(3); op(4); op(5); op(6); op(7); } while (0)
#define HEAP_READ(i) sum += p[i]
#define HEAP_WRITE(i) p[i] = sum
#define IMAGE_READ(i) sum += fixed[i]
#define ATOMIC(i) atomic_inc(&counter)
#define CALL(i) sum += kthread_should_stop()
#define MEMBER(i) sum += READ_ONCE(current->pid)
#define OPAQUE asm volatile("" : "+r"(sum) : : "memory")

#define LOOP(body) do {						\
	for (i = 0; i < TURNS; i++) {				\
		OPAQUE;						\
		body;						\
		OPAQUE;						\
	}							\
} while (0)

static noinline ulong turns(volatile ulong *p)
{
	ulong i, sum = 0;

	switch (what) {
	case 0: LOOP(); break;
	case 1: LOOP(EIGHT(HEAP_READ)); break;
	case 2: LOOP(EIGHT(HEAP_WRITE)); break;
	case 3: LOOP(EIGHT(IMAGE_READ)); break;
	case 4: {
		volatile ulong local[8] = { 1 };
		volatile ulong *p = local;

		OPTIMIZER_HIDE_VAR(p);
		LOOP(EIGHT(HEAP_READ));
		break;
	}
	case 5: LOOP(EIGHT(ATOMIC)); break;
	case 6: LOOP(EIGHT(CALL)); break;
	case 7: LOOP(EIGHT(MEMBER)); break;
	}
	return sum;
}

static int __init hooks_init(void)
{
	ulong *p = kzalloc(8 * sizeof(*p), GFP_KERNEL);
	ulong done;

	if (!p)
		return -ENOMEM;
	for (done = 0; done < n; done += TURNS) {
		sink += turns(p);
		usleep_range(10, 20);
	}
	kfree(p);
	return 0;
}

static void __exit hooks_exit(void)
{
}

module_init(hooks_init);
module_exit(hooks_exit);
MODULE_LICENSE("GPL");
