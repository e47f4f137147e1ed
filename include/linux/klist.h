//! Lists of reference-counted nodes.
#ifndef KLOOM_LINUX_KLIST_H
#define KLOOM_LINUX_KLIST_H
#include <linux/spinlock.h>
#include <linux/kref.h>
#include <linux/list.h>
struct klist_node;
struct klist { spinlock_t k_lock; struct list_head k_list; void (*get)(struct klist_node *); void (*put)(struct klist_node *); };
struct klist_node { void *n_klist; struct list_head n_node; struct kref n_ref; };
struct klist_iter { struct klist *i_klist; struct klist_node *i_cur; };
void klist_init(struct klist *k, void (*get)(struct klist_node *), void (*put)(struct klist_node *)); //@4gn initialises
void klist_add_tail(struct klist_node *n, struct klist *k); //@4ga adds
void klist_add_head(struct klist_node *n, struct klist *k); //@4ga adds
void klist_del(struct klist_node *n); //@4ga marks for removal
void klist_remove(struct klist_node *n); //@4gs removes and waits until unused
int klist_node_attached(struct klist_node *n); //@4gn 1 while on a list
void klist_iter_init(struct klist *k, struct klist_iter *i); //@4gn starts
void klist_iter_exit(struct klist_iter *i); //@4ga ends
struct klist_node *klist_next(struct klist_iter *i); //@4ga the next node or NULL
#endif
