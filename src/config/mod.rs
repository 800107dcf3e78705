//! F2: the configuration file.
