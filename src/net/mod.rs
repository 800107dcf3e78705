//! F2: the operator's own network.
