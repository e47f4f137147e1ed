//! The version magic is the loader's.
