//! NULL, true/false and offsets.
#ifndef KLOOM_LINUX_STDDEF_H
#define KLOOM_LINUX_STDDEF_H
#undef NULL
#define NULL ((void *)0)
enum { false = 0, true = 1 };
#undef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define FIELD_SIZEOF(type, member) sizeof_field(type, member)
#define offsetofend(type, member) (offsetof(type, member) + sizeof_field(type, member))
#define struct_group(name, ...) union { struct { __VA_ARGS__ }; struct { __VA_ARGS__ } name; }
#define DECLARE_FLEX_ARRAY(type, name) struct { struct { } __empty_##name; type name[]; }
#endif
