//! F5: drawing.
