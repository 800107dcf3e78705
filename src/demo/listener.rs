//! The loopback socket of one host. When its port is refused, nothing listens there; the port stays
//! ours all the time.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::task::TaskTracker;

use super::host::SimHost;
use super::relay::Parting;
use super::weather::Gate;

/// A port of a host.
pub(super) struct Port {
    /// Bound and never listening: keeps the port from everybody else, while a connection attempt is
    /// refused unless a second socket listens on it.
    _reserved: TcpSocket,
    address: SocketAddr,
}

impl Port {
    pub(super) fn reserve() -> io::Result<Self> {
        let socket = shared_socket()?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = socket.local_addr()?;
        Ok(Self { _reserved: socket, address })
    }

    pub(super) fn number(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn listen(&self) -> io::Result<TcpListener> {
        let socket = shared_socket()?;
        socket.bind(self.address)?;
        socket.listen(BACKLOG)
    }

    /// Accepts for `host` until the task is ended from outside; each connection is a task of `tasks`.
    pub(super) async fn serve(self, host: SimHost, first: TcpListener, tasks: TaskTracker) {
        let mut weather = host.weather();
        let mut listener = Some(first);
        loop {
            let refused = weather.borrow_and_update().gate == Gate::Refused;
            if refused {
                listener = None;
            } else if listener.is_none() {
                listener = self.listen().ok();
            }
            tokio::select! {
                changed = weather.changed() => if changed.is_err() { return },
                stream = accept(listener.as_ref()) => {
                    // The task ends with its connection, which the end of the fleet resets.
                    tasks.spawn(connection(host.clone(), stream));
                }
                // Could not listen again yet: tries once more.
                () = tokio::time::sleep(RETRY), if listener.is_none() && !refused => {}
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // No descriptors left, or the peer has gone already: nothing to do but to go on.
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}

async fn connection(host: SimHost, mut stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    match host.serve(&mut stream).await {
        // Dropped with this set, it is reset instead of closed.
        Parting::Reset => drop(stream.set_zero_linger()),
        Parting::Closed => {}
    }
}

fn shared_socket() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    // Elsewhere than on Linux, two sockets share an address only with this.
    #[cfg(all(unix, not(target_os = "linux")))]
    socket.set_reuseport(true)?;
    Ok(socket)
}

const BACKLOG: u32 = 64;
const RETRY: Duration = Duration::from_millis(100);
