//! F2: SSH, by russh or by the system's `ssh`.

pub mod resolve;
