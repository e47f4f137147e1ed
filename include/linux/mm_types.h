//! Address spaces and pages, as far as modules look into them.
#ifndef KLOOM_LINUX_MM_TYPES_H
#define KLOOM_LINUX_MM_TYPES_H
#include <linux/types.h>
#include <linux/list.h>
#include <linux/spinlock_types.h>
#include <linux/rwsem.h>
#include <linux/rbtree_types.h>
#include <asm/page.h>
struct task_struct;
struct file;
struct vm_area_struct;
struct mm_struct {
	atomic_t mm_users;
	atomic_t mm_count;
	struct task_struct *owner;
	struct vm_area_struct *mmap;
	union {
		struct rw_semaphore mmap_lock;
		struct rw_semaphore mmap_sem;
	};
	int map_count;
	unsigned long total_vm;
	unsigned long locked_vm;
	unsigned long data_vm, exec_vm, stack_vm;
	unsigned long start_code, end_code, start_data, end_data;
	unsigned long start_brk, brk, start_stack;
	unsigned long arg_start, arg_end, env_start, env_end;
	unsigned long task_size;
	void *pgd;
	struct file *exe_file;
	void *kloom;
};
struct address_space;
struct page {
	unsigned long flags;
	struct list_head lru;
	struct address_space *mapping;
	pgoff_t index;
	unsigned long private;
	atomic_t _mapcount;
	atomic_t _refcount;
	void *virtual;
};
struct vm_operations_struct;
struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	struct vm_area_struct *vm_next, *vm_prev;
	struct mm_struct *vm_mm;
	pgprot_t vm_page_prot;
	unsigned long vm_flags;
	const struct vm_operations_struct *vm_ops;
	unsigned long vm_pgoff;
	struct file *vm_file;
	void *vm_private_data;
	void *kloom;
};
typedef unsigned int vm_fault_t;
typedef struct { unsigned long pgd; } pgd_t;
typedef struct { unsigned long p4d; } p4d_t;
typedef struct { unsigned long pud; } pud_t;
typedef struct { unsigned long pmd; } pmd_t;
typedef struct { unsigned long pte; } pte_t;
struct vm_fault {
	struct vm_area_struct *vma;
	gfp_t gfp_mask;
	pgoff_t pgoff;
	unsigned long address;
	unsigned int flags;
	struct page *page;
};
enum { VM_FAULT_OOM = 1, VM_FAULT_SIGBUS = 2, VM_FAULT_MAJOR = 4, VM_FAULT_HWPOISON = 0x10, VM_FAULT_SIGSEGV = 0x40, VM_FAULT_NOPAGE = 0x100, VM_FAULT_LOCKED = 0x200, VM_FAULT_RETRY = 0x400 };
#endif
