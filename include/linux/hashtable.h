//! Hash tables of a fixed number of buckets.
#ifndef KLOOM_LINUX_HASHTABLE_H
#define KLOOM_LINUX_HASHTABLE_H
#include <linux/list.h>
#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/hash.h>
#include <linux/rculist.h>
#define DEFINE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)] = { [0 ... ((1 << (bits)) - 1)] = HLIST_HEAD_INIT }
#define DEFINE_READ_MOSTLY_HASHTABLE(name, bits) DEFINE_HASHTABLE(name, bits)
#define DECLARE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)]
#define HASH_SIZE(name) (ARRAY_SIZE(name))
#define HASH_BITS(name) ilog2(HASH_SIZE(name))
#define hash_min(val, bits) (sizeof(val) <= 4 ? hash_32(val, bits) : hash_long(val, bits))
#define __kloom_bucket(table, key) (&(table)[hash_min(key, HASH_BITS(table))])
#define hash_init(table) do { for (unsigned int __hi = 0; __hi < HASH_SIZE(table); __hi++) INIT_HLIST_HEAD(&(table)[__hi]); } while (0)
#define hash_add(table, node, key) hlist_add_head(node, __kloom_bucket(table, key))
#define hash_add_rcu(table, node, key) hlist_add_head_rcu(node, __kloom_bucket(table, key))
#define hash_hashed(node) (!hlist_unhashed(node))
#define hash_del(node) hlist_del_init(node)
#define hash_del_rcu(node) hlist_del_init_rcu(node)
#define hash_empty(table) ({ bool __he = true; for (unsigned int __hi = 0; __hi < HASH_SIZE(table); __hi++) if (!hlist_empty(&(table)[__hi])) __he = false; __he; })
#define hash_for_each(name, bkt, obj, member) for ((bkt) = 0, obj = NULL; obj == NULL && (bkt) < HASH_SIZE(name); (bkt)++) hlist_for_each_entry(obj, &(name)[bkt], member)
#define hash_for_each_rcu(name, bkt, obj, member) for ((bkt) = 0, obj = NULL; obj == NULL && (bkt) < HASH_SIZE(name); (bkt)++) hlist_for_each_entry_rcu(obj, &(name)[bkt], member)
#define hash_for_each_safe(name, bkt, tmp, obj, member) for ((bkt) = 0, obj = NULL; obj == NULL && (bkt) < HASH_SIZE(name); (bkt)++) hlist_for_each_entry_safe(obj, tmp, &(name)[bkt], member)
#define hash_for_each_possible(name, obj, member, key) hlist_for_each_entry(obj, __kloom_bucket(name, key), member)
#define hash_for_each_possible_rcu(name, obj, member, key, cond...) hlist_for_each_entry_rcu(obj, __kloom_bucket(name, key), member)
#define hash_for_each_possible_safe(name, obj, tmp, member, key) hlist_for_each_entry_safe(obj, tmp, __kloom_bucket(name, key), member)
#endif
