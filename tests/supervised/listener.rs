//! A port that accepts and then says nothing, as a hung sshd's does.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub struct Silent {
    port: u16,
    open: Arc<Open>,
}

#[derive(Default)]
struct Open {
    now: AtomicUsize,
    most: AtomicUsize,
    over: AtomicBool,
}

impl Silent {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = Arc::new(Open::default());
        let shared = Arc::clone(&open);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.over.load(Ordering::SeqCst) {
                    return;
                }
                let now = shared.now.fetch_add(1, Ordering::SeqCst) + 1;
                shared.most.fetch_max(now, Ordering::SeqCst);
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || listen(stream, &shared));
            }
        });
        Self { port, open }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections there were at a time.
    pub fn most(&self) -> usize {
        self.open.most.load(Ordering::SeqCst)
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.open.over.store(true, Ordering::SeqCst);
        // Wakes it.
        TcpStream::connect(("127.0.0.1", self.port)).ok();
    }
}

fn listen(mut stream: TcpStream, open: &Open) {
    let mut buffer = [0; 256];
    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
    open.now.fetch_sub(1, Ordering::SeqCst);
}
