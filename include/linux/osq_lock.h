//! Empty: nothing here needs it.
