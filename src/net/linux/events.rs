//! The kernel's notifications: only that something changed, never what.

use std::io;

use futures_util::FutureExt;
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{AsyncSocket, AsyncSocketExt, TokioSocket};

use crate::net::NetError;

/// Subscribed to links, addresses and routes.
pub(super) struct Events {
    socket: TokioSocket,
    buffer: Vec<u8>,
}

impl Events {
    /// What changes from now on will be told.
    pub(super) fn subscribe() -> Result<Self, NetError> {
        let mut socket = <TokioSocket as AsyncSocket>::new(NETLINK_ROUTE).map_err(NetError::Open)?;
        socket.socket_mut().bind_auto().map_err(NetError::Open)?;
        for group in GROUPS {
            socket.socket_mut().add_membership(group).map_err(NetError::Listen)?;
        }
        // Since Linux 5.3. Routes that go with it need not be told one by one.
        let _ = socket.socket_mut().add_membership(NEXT_HOP);
        Ok(Self { socket, buffer: Vec::with_capacity(NOTIFICATION) })
    }

    /// Waits for a change; takes what else is there already along with it.
    pub(super) async fn next(&mut self) -> Result<(), NetError> {
        self.receive().await.map_err(NetError::Listen)?;
        for _ in 0..AT_ONCE {
            match self.receive().now_or_never() {
                Some(received) => received.map_err(NetError::Listen)?,
                None => break,
            }
        }
        Ok(())
    }

    async fn receive(&mut self) -> io::Result<()> {
        self.buffer.clear();
        match self.socket.recv(&mut self.buffer).await {
            // More happened than the kernel keeps for us: just as good a hint.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error()) => Ok(()),
            received => received,
        }
    }
}

/// RTNLGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE of linux/rtnetlink.h.
const GROUPS: [u32; 5] = [1, 5, 7, 9, 11];

/// RTNLGRP_NEXTHOP.
const NEXT_HOP: u32 = 32;

/// So many are taken before the kernel is asked anyway: a flood must not keep us from looking.
const AT_ONCE: usize = 4096;

/// What is longer is cut: nobody reads it.
const NOTIFICATION: usize = 1024;
