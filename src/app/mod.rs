//! F4: the pure state of the screen. Imports `domain` only.
