//! References to address spaces.
#ifndef KLOOM_LINUX_SCHED_MM_H
#define KLOOM_LINUX_SCHED_MM_H
#include <linux/mm_types.h>
#include <linux/gfp.h>
struct task_struct;
struct mm_struct *get_task_mm(struct task_struct *task); //@4gs the task's mm with a user reference, NULL for kernel threads
void mmput(struct mm_struct *mm); //@4gs drops a user reference
void __mmdrop(struct mm_struct *mm); //@4gn drops the last structural reference
static inline void mmget(struct mm_struct *mm) { __atomic_fetch_add(&mm->mm_users.counter, 1, __ATOMIC_SEQ_CST); }
static inline void mmgrab(struct mm_struct *mm) { __atomic_fetch_add(&mm->mm_count.counter, 1, __ATOMIC_SEQ_CST); }
static inline void mmdrop(struct mm_struct *mm) { if (__atomic_sub_fetch(&mm->mm_count.counter, 1, __ATOMIC_SEQ_CST) == 0) __mmdrop(mm); }
#endif
