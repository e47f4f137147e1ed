//! What Linux keeps in lib/: printk formats, number and string parsing, as pure functions.
