//! Callbacks for CPUs that come and go.
#ifndef KLOOM_LINUX_CPUHOTPLUG_H
#define KLOOM_LINUX_CPUHOTPLUG_H
#include <linux/types.h>
enum cpuhp_state { CPUHP_INVALID = -1, CPUHP_OFFLINE = 0, CPUHP_CREATE_THREADS, CPUHP_BP_PREPARE_DYN = 60, CPUHP_BP_PREPARE_DYN_END = 80, CPUHP_AP_ONLINE = 140, CPUHP_AP_ONLINE_DYN = 180, CPUHP_AP_ONLINE_DYN_END = 210, CPUHP_ONLINE = 240 };
int __cpuhp_setup_state(enum cpuhp_state state, const char *name, bool invoke, int (*startup)(unsigned int cpu), int (*teardown)(unsigned int cpu), bool multi_instance); //@4s installs callbacks (and calls startup for CPUs already up if invoke); the number of a dynamic state, or -errno
void __cpuhp_remove_state(enum cpuhp_state state, bool invoke); //@4s removes them (calling teardown if invoke)
#define cpuhp_setup_state(s, n, up, down) __cpuhp_setup_state((s), (n), true, (up), (down), false)
#define cpuhp_setup_state_nocalls(s, n, up, down) __cpuhp_setup_state((s), (n), false, (up), (down), false)
#define cpuhp_setup_state_cpuslocked(s, n, up, down) cpuhp_setup_state(s, n, up, down)
#define cpuhp_remove_state(s) __cpuhp_remove_state((s), true)
#define cpuhp_remove_state_nocalls(s) __cpuhp_remove_state((s), false)
#endif
