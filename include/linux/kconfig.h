//! The configuration is in kloom/prelude.h, which is always included.
