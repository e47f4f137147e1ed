//! The keyboard of the console.
#ifndef KLOOM_LINUX_KEYBOARD_H
#define KLOOM_LINUX_KEYBOARD_H
#include <linux/notifier.h>
struct vc_data;
struct keyboard_notifier_param {
	struct vc_data *vc;
	int down;
	int shift;
	int ledstate;
	unsigned int value;
};
#define KBD_KEYCODE 0x0001
#define KBD_UNBOUND_KEYCODE 0x0002
#define KBD_UNICODE 0x0003
#define KBD_KEYSYM 0x0004
#define KBD_POST_KEYSYM 0x0005
#define KG_SHIFT 0
#define KG_CTRL 2
#define KG_ALT 3
int register_keyboard_notifier(struct notifier_block *nb); //@4gs calls nb for every key
int unregister_keyboard_notifier(struct notifier_block *nb); //@4gs undoes it
#endif
