//! Lists of reference-counted nodes. A node that is deleted leaves the list when the last iterator on it goes on.
#ifndef KLOOM_LINUX_KLIST_H
#define KLOOM_LINUX_KLIST_H
#include <linux/spinlock.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/wait_bit.h>
struct klist_node;
struct klist { spinlock_t k_lock; struct list_head k_list; void (*get)(struct klist_node *); void (*put)(struct klist_node *); };
/* The lowest bit of n_klist: deleted, but still in use. */
struct klist_node { void *n_klist; struct list_head n_node; struct kref n_ref; };
struct klist_iter { struct klist *i_klist; struct klist_node *i_cur; };
#define KLIST_INIT(name, g, p) { .k_lock = __SPIN_LOCK_UNLOCKED(name.k_lock), .k_list = LIST_HEAD_INIT(name.k_list), .get = (g), .put = (p) }
#define DEFINE_KLIST(name, g, p) struct klist name = KLIST_INIT(name, g, p)
static inline struct klist *kloom_knode_klist(struct klist_node *n) { return (struct klist *)((unsigned long)n->n_klist & ~1UL); }
static inline bool kloom_knode_dead(struct klist_node *n) { return (unsigned long)n->n_klist & 1; }
static inline void klist_init(struct klist *k, void (*get)(struct klist_node *), void (*put)(struct klist_node *))
{
	INIT_LIST_HEAD(&k->k_list);
	spin_lock_init(&k->k_lock);
	k->get = get;
	k->put = put;
}
static inline void kloom_klist_node_init(struct klist *k, struct klist_node *n)
{
	INIT_LIST_HEAD(&n->n_node);
	kref_init(&n->n_ref);
	n->n_klist = k;
	if (k->get)
		k->get(n);
}
static inline void klist_add_head(struct klist_node *n, struct klist *k)
{
	kloom_klist_node_init(k, n);
	spin_lock(&k->k_lock);
	list_add(&n->n_node, &k->k_list);
	spin_unlock(&k->k_lock);
}
static inline void klist_add_tail(struct klist_node *n, struct klist *k)
{
	kloom_klist_node_init(k, n);
	spin_lock(&k->k_lock);
	list_add_tail(&n->n_node, &k->k_list);
	spin_unlock(&k->k_lock);
}
static inline void klist_add_behind(struct klist_node *n, struct klist_node *pos)
{
	struct klist *k = kloom_knode_klist(pos);

	kloom_klist_node_init(k, n);
	spin_lock(&k->k_lock);
	list_add(&n->n_node, &pos->n_node);
	spin_unlock(&k->k_lock);
}
static inline void klist_add_before(struct klist_node *n, struct klist_node *pos)
{
	struct klist *k = kloom_knode_klist(pos);

	kloom_klist_node_init(k, n);
	spin_lock(&k->k_lock);
	list_add_tail(&n->n_node, &pos->n_node);
	spin_unlock(&k->k_lock);
}
static inline int klist_node_attached(struct klist_node *n) { return n->n_klist != NULL; }
/* Drops a reference under the lock; true when the node left the list. */
static inline bool kloom_klist_drop(struct klist_node *n)
{
	if (!refcount_dec_and_test(&n->n_ref.refcount))
		return false;
	list_del(&n->n_node);
	n->n_klist = NULL;
	wake_up_var(&n->n_ref);
	return true;
}
static inline void kloom_klist_put(struct klist_node *n, bool kill)
{
	struct klist *k = kloom_knode_klist(n);
	void (*put)(struct klist_node *) = k->put;

	spin_lock(&k->k_lock);
	if (kill) {
		WARN_ON(kloom_knode_dead(n));
		n->n_klist = (void *)((unsigned long)n->n_klist | 1);
	}
	if (!kloom_klist_drop(n))
		put = NULL;
	spin_unlock(&k->k_lock);
	if (put)
		put(n);
}
static inline void klist_del(struct klist_node *n) { kloom_klist_put(n, true); }
static inline void klist_remove(struct klist_node *n)
{
	klist_del(n);
	wait_var_event(&n->n_ref, !READ_ONCE(n->n_klist));
}
static inline void klist_iter_init_node(struct klist *k, struct klist_iter *i, struct klist_node *n)
{
	i->i_klist = k;
	i->i_cur = n && kref_get_unless_zero(&n->n_ref) ? n : NULL;
}
static inline void klist_iter_init(struct klist *k, struct klist_iter *i) { klist_iter_init_node(k, i, NULL); }
static inline void klist_iter_exit(struct klist_iter *i)
{
	if (i->i_cur) {
		kloom_klist_put(i->i_cur, false);
		i->i_cur = NULL;
	}
}
static inline struct klist_node *kloom_klist_step(struct klist_iter *i, bool back)
{
	struct klist *k = i->i_klist;
	struct klist_node *last = i->i_cur, *found = NULL;
	void (*put)(struct klist_node *) = k->put;
	struct list_head *at;
	unsigned long flags;

	spin_lock_irqsave(&k->k_lock, flags);
	at = last ? &last->n_node : &k->k_list;
	at = back ? at->prev : at->next;
	if (last && !kloom_klist_drop(last))
		put = NULL;
	for (; at != &k->k_list; at = back ? at->prev : at->next) {
		struct klist_node *n = container_of(at, struct klist_node, n_node);

		if (!kloom_knode_dead(n)) {
			kref_get(&n->n_ref);
			found = n;
			break;
		}
	}
	i->i_cur = found;
	spin_unlock_irqrestore(&k->k_lock, flags);
	if (put && last)
		put(last);
	return found;
}
static inline struct klist_node *klist_next(struct klist_iter *i) { return kloom_klist_step(i, false); }
static inline struct klist_node *klist_prev(struct klist_iter *i) { return kloom_klist_step(i, true); }
#endif
