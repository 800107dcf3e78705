//! Linux: rtnetlink (rtnetlink(7)). Of the crates only the socket and the message formats are used:
//! their ready-made connection queues without a limit, and we need no more than ask and listen.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kernel's messages and attributes are hundreds, grow with every release, and are not ours"
)]

mod dump;
mod events;
mod follow;
mod kernel;
mod route;
mod statistics;

pub(super) use follow::follow;
pub(super) use route::route_to;
pub(super) use statistics::statistics;

use crate::net::{NetError, Snapshot};

pub(super) async fn snapshot() -> Result<Snapshot, NetError> {
    dump::snapshot(&mut kernel::Kernel::open()?).await
}
