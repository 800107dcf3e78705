//! F3: drives links and runs: one task per host, one hub that orders facts, one [`Handle`] for
//! whoever looks at it.

mod handle;

pub use handle::{CommandError, Handle, Live, OutputTail, Subscription, Update};
