//! One time namespace.
