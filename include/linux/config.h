//! Dropped in 2.6.19; kept empty for old modules.
