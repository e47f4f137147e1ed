//! The configuration is in kloom/prelude.h.
