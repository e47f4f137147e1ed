//! Annotations for the lock checker; most need no call here.
#ifndef KLOOM_LINUX_LOCKDEP_H
#define KLOOM_LINUX_LOCKDEP_H
#include <linux/lockdep_types.h>
#include <linux/types.h>
void kloom_lockdep_assert_held(const void *lock, const char *file, int line); //@4a warns when the current context does not hold the lock
#define lockdep_assert_held(l) kloom_lockdep_assert_held((l), __FILE__, __LINE__)
#define lockdep_assert_held_write(l) lockdep_assert_held(l)
#define lockdep_assert_held_read(l) lockdep_assert_held(l)
#define lockdep_assert_held_once(l) lockdep_assert_held(l)
#define lockdep_assert_not_held(l) do { (void)(l); } while (0)
#define lockdep_assert_none_held_once() do { } while (0)
#define lockdep_is_held(l) (1)
#define lockdep_set_class(l, k) do { (void)(k); } while (0)
#define lockdep_set_class_and_name(l, k, n) do { (void)(k); } while (0)
#define lockdep_set_subclass(l, s) do { } while (0)
#define lockdep_register_key(k) do { (void)(k); } while (0)
#define lockdep_unregister_key(k) do { (void)(k); } while (0)
#define lockdep_off() do { } while (0)
#define lockdep_on() do { } while (0)
#define might_lock(l) do { } while (0)
#define lock_acquire_exclusive(...) do { } while (0)
#define SINGLE_DEPTH_NESTING 1
#endif
