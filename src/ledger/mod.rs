//! F2: everything the supervisor knows, on its own disk.

pub mod record;
