//! The steady sampling path allocates nothing.
