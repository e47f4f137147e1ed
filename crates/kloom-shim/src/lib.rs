//! What a module can call: one file per C header.
