//! Marks for macros that Linux has dropped and kloom keeps.
//!
//! The compiler prints the mark as a warning, with the place of the use; the driver turns it into one note per name.
#ifndef KLOOM_KLOOM_REMOVED_H
#define KLOOM_KLOOM_REMOVED_H
#define __kloom_pragma(text) _Pragma(#text)
/* `what` is one string literal: "kloom-removed:NAME|VERSION|REPLACEMENT", with the version of Linux that dropped it. */
#define KLOOM_REMOVED(what) __kloom_pragma(GCC warning what)
/* For what a later version took away and Linux 6.1 wants: the mark is for the eras from version (a, b) on. */
#define KLOOM_VERSION_GE(a, b) (LINUX_VERSION_CODE >= (((a) << 16) + ((b) << 8)))
#endif
