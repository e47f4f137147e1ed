//! Subscribers to trace events that find bugs.
