//! Constants and repr(C) layouts shared by kloom and the C headers in include/.
