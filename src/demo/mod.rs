//! F2: a simulated fleet that speaks real SSH.
