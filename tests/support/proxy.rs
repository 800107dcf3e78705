//! A network that breaks: a TCP proxy on loopback that forwards, stalls, and cuts at a given byte.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Cuts everything when dropped.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// Which way bytes go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Way {
    ToServer,
    ToClient,
}

struct Shared {
    target: u16,
    over: AtomicBool,
    stalled: AtomicBool,
    /// Bytes, both ways together, that still pass.
    left: AtomicU64,
    passed: AtomicU64,
    accepted: AtomicU64,
    ways: [OneWay; 2],
    open: Mutex<Vec<TcpStream>>,
    copying: Mutex<Vec<JoinHandle<()>>>,
}

/// What goes one way.
struct OneWay {
    /// Bytes that still pass this way.
    left: AtomicU64,
    /// What passed, where somebody wants to know.
    kept: Mutex<Option<Vec<u8>>>,
}

impl OneWay {
    fn new() -> Self {
        Self { left: AtomicU64::new(u64::MAX), kept: Mutex::new(None) }
    }
}

impl Proxy {
    /// Forwards to `port` on loopback.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let shared = Arc::new(Shared {
            target: port,
            over: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            left: AtomicU64::new(u64::MAX),
            passed: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            ways: [OneWay::new(), OneWay::new()],
            open: Mutex::default(),
            copying: Mutex::default(),
        });
        let port = listener.local_addr().unwrap().port();
        let accepting = Some(std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        }));
        Self { port, shared, accepting }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Bytes that went through, both ways together.
    pub fn passed(&self) -> u64 {
        self.shared.passed.load(Ordering::SeqCst)
    }

    /// Connections that were ever made to it.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Nothing passes any more and nothing is closed: a cable that was pulled.
    pub fn stall(&self) {
        self.shared.stalled.store(true, Ordering::SeqCst);
    }

    pub fn resume(&self) {
        self.shared.stalled.store(false, Ordering::SeqCst);
    }

    /// After `bytes` more, both ways together, every connection is cut, and so is every new one.
    pub fn cut_after(&self, bytes: u64) {
        self.shared.left.store(bytes, Ordering::SeqCst);
    }

    /// After `bytes` more this way every connection is cut; what goes the other way is not counted.
    pub fn cut_way_after(&self, way: Way, bytes: u64) {
        self.shared.ways[way as usize].left.store(bytes, Ordering::SeqCst);
    }

    /// From now on everything that passes is kept, from the first byte on.
    pub fn keep(&self) {
        for way in &self.shared.ways {
            *way.kept.lock().unwrap() = Some(Vec::new());
        }
    }

    /// What passed this way since [`Proxy::keep`].
    pub fn kept(&self, way: Way) -> Vec<u8> {
        self.shared.ways[way as usize].kept.lock().unwrap().clone().unwrap_or_default()
    }

    /// Waits until what was cut is over: nothing of it passes or is counted any more.
    pub fn settle(&self) {
        let copying = std::mem::take(&mut *self.shared.copying.lock().unwrap());
        for thread in copying {
            thread.join().unwrap();
        }
    }

    /// Cuts what is open; new connections pass.
    pub fn cut(&self) {
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// From here on everything passes again.
    pub fn mend(&self) {
        self.shared.left.store(u64::MAX, Ordering::SeqCst);
        for way in &self.shared.ways {
            way.left.store(u64::MAX, Ordering::SeqCst);
        }
        self.resume();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.cut();
        if let Some(thread) = self.accepting.take() {
            let _ = thread.join();
        }
        let copying = std::mem::take(&mut *self.shared.copying.lock().unwrap());
        for thread in copying {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while !shared.over.load(Ordering::SeqCst) {
        let Ok((near, _)) = listener.accept() else {
            std::thread::sleep(TICK);
            continue;
        };
        shared.accepted.fetch_add(1, Ordering::SeqCst);
        let Ok(far) = TcpStream::connect(("127.0.0.1", shared.target)) else { continue };
        for stream in [&near, &far] {
            stream.set_nonblocking(false).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(TICK)).unwrap();
            shared.open.lock().unwrap().push(stream.try_clone().unwrap());
        }
        let (near_again, far_again) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        for (from, to, way) in [(near, far, Way::ToServer), (far_again, near_again, Way::ToClient)] {
            let shared_too = Arc::clone(shared);
            let thread = std::thread::spawn(move || copy(from, to, way, &shared_too));
            shared.copying.lock().unwrap().push(thread);
        }
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, way: Way, shared: &Shared) {
    let way = &shared.ways[way as usize];
    let mut buffer = [0; 16 * 1024];
    while !shared.over.load(Ordering::SeqCst) {
        if shared.stalled.load(Ordering::SeqCst) {
            std::thread::sleep(TICK);
            continue;
        }
        let count = match from.read(&mut buffer) {
            Ok(0) => {
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
            Ok(count) => count,
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => continue,
            Err(_) => break,
        };
        while shared.stalled.load(Ordering::SeqCst) && !shared.over.load(Ordering::SeqCst) {
            std::thread::sleep(TICK);
        }
        let passes = allowed(&shared.left, count).min(allowed(&way.left, count));
        // Before anybody can have read it.
        if let Some(kept) = &mut *way.kept.lock().unwrap() {
            kept.extend_from_slice(&buffer[..passes]);
        }
        if to.write_all(&buffer[..passes]).is_err() {
            break;
        }
        shared.passed.fetch_add(passes as u64, Ordering::SeqCst);
        if passes < count || [&shared.left, &way.left].iter().any(|left| left.load(Ordering::SeqCst) == 0) {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// How many of `count` bytes still pass, which are counted.
fn allowed(left: &AtomicU64, count: usize) -> usize {
    let before = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
        Some(if left == u64::MAX { left } else { left.saturating_sub(count as u64) })
    });
    usize::try_from(before.unwrap_or(0)).unwrap_or(usize::MAX).min(count)
}

/// How late a thread notices that something has changed.
const TICK: Duration = Duration::from_millis(5);
