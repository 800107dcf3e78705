//! F2: SSH, by russh or by the system's `ssh`.

pub mod known_hosts;
pub mod resolve;
