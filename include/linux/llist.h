//! Lock-less singly linked lists.
#ifndef KLOOM_LINUX_LLIST_H
#define KLOOM_LINUX_LLIST_H
#include <linux/atomic.h>
#include <linux/container_of.h>
struct llist_head { struct llist_node *first; };
struct llist_node { struct llist_node *next; };
#define LLIST_HEAD_INIT(name) { NULL }
#define LLIST_HEAD(name) struct llist_head name = LLIST_HEAD_INIT(name)
static inline void init_llist_head(struct llist_head *list) { list->first = NULL; }
#define llist_entry(ptr, type, member) container_of(ptr, type, member)
#define llist_for_each(pos, node) for ((pos) = (node); pos; (pos) = (pos)->next)
#define llist_for_each_safe(pos, n, node) for ((pos) = (node); (pos) && ((n) = (pos)->next, true); (pos) = (n))
#define __kloom_ll(node, type, member) ({ struct llist_node *__ln = (node); __ln ? llist_entry(__ln, type, member) : NULL; })
#define llist_for_each_entry(pos, node, member) for ((pos) = __kloom_ll((node), typeof(*(pos)), member); pos; (pos) = __kloom_ll((pos)->member.next, typeof(*(pos)), member))
#define llist_for_each_entry_safe(pos, n, node, member) \
	for ((pos) = __kloom_ll((node), typeof(*(pos)), member); (pos) && ((n) = __kloom_ll((pos)->member.next, typeof(*(n)), member), true); (pos) = (n))
static inline bool llist_empty(const struct llist_head *head) { return READ_ONCE(head->first) == NULL; }
static inline struct llist_node *llist_next(struct llist_node *node) { return node->next; }
static inline bool llist_add_batch(struct llist_node *first, struct llist_node *last, struct llist_head *head)
{
	struct llist_node *old = READ_ONCE(head->first);
	do
		WRITE_ONCE(last->next, old);
	while (!try_cmpxchg(&head->first, &old, first));
	return !old;
}
static inline bool llist_add(struct llist_node *node, struct llist_head *head) { return llist_add_batch(node, node, head); }
static inline struct llist_node *llist_del_all(struct llist_head *head) { return xchg(&head->first, NULL); }
static inline struct llist_node *llist_del_first(struct llist_head *head)
{
	struct llist_node *first = smp_load_acquire(&head->first);
	while (first && !try_cmpxchg(&head->first, &first, READ_ONCE(first->next))) { }
	return first;
}
static inline struct llist_node *llist_reverse_order(struct llist_node *head)
{
	struct llist_node *done = NULL;
	while (head) {
		struct llist_node *next = head->next;
		head->next = done;
		done = head;
		head = next;
	}
	return done;
}
#endif
