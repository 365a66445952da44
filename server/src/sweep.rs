//! What time decides.
