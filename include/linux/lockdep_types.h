//! See kloom/object.h for `struct lock_class_key`.
#ifndef KLOOM_LINUX_LOCKDEP_TYPES_H
#define KLOOM_LINUX_LOCKDEP_TYPES_H
#include <kloom/object.h>
#define MAX_LOCKDEP_SUBCLASSES 8UL
struct lockdep_map { };
#endif
