//! Drives the C compiler with kloom's headers and instrumentation.
