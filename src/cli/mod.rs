//! F7: words, flags, exit codes, composition.
