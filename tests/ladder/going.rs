//! The program as it goes: its events, in their order.

use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};

use serde_json::Value;

use crate::support::LIMIT;

pub struct Going {
    child: Child,
    events: Receiver<Value>,
    /// Those that were passed over.
    seen: RefCell<Vec<String>>,
}

impl Going {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Full: the program waits for the test, which loses nothing.
        let (tell, events) = sync_channel(1024);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let Ok(event) = serde_json::from_str::<Value>(&line) else { continue };
                if tell.send(event).is_err() {
                    return;
                }
            }
        });
        Self { child, events, seen: RefCell::default() }
    }

    /// The next event that `is` it; those before it are over.
    pub fn wait_for_event(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let begin = self.seen.borrow().len();
        loop {
            let Ok(event) = self.events.recv_timeout(LIMIT) else {
                panic!("waited in vain: {what}; seen: {:#?}", &self.seen()[begin..]);
            };
            if is(&event) {
                return event;
            }
            self.seen.borrow_mut().push(event.to_string());
        }
    }

    /// The same of the link's changes.
    pub fn wait_for(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        self.wait_for_event(what, |event| event["type"] == "link" && is(event))
    }

    /// Everything that was passed over so far.
    pub fn seen(&self) -> Vec<String> {
        self.seen.borrow().clone()
    }

    /// The end of the program by itself.
    pub fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
