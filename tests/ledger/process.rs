//! A test that runs itself once more, as another process.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::until;

/// In the other process: the directory that it works in, which says that it is the other process.
pub fn inside() -> Option<PathBuf> {
    std::env::var_os(INSIDE).map(PathBuf::from)
}

/// The other process. Killed when dropped.
pub struct Other {
    child: Child,
    dir: PathBuf,
}

impl Other {
    /// Starts `test` of this program again; `inside` is `dir` there. What it says in vain is kept beside it.
    pub fn start(test: &str, dir: &Path) -> Self {
        let errors = OpenOptions::new().create(true).append(true).open(beside(dir, "errors")).unwrap();
        let child = again(Command::new(std::env::current_exe().unwrap()), test, dir)
            .stdout(errors.try_clone().unwrap())
            .stderr(errors)
            .spawn()
            .unwrap();
        Self { child, dir: dir.into() }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has said a line that begins like this.
    pub fn await_saying(&mut self, what: &str) {
        until(&format!("the other process says {what:?}"), || {
            if let Some(status) = self.child.try_wait().unwrap() {
                let errors = std::fs::read_to_string(beside(&self.dir, "errors")).unwrap_or_default();
                panic!("the other process ended by itself, {status}: {errors}");
            }
            said(&self.dir).iter().any(|line| line.starts_with(what))
        });
    }

    /// Ends it as suddenly as can be.
    pub fn kill(mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "it ended by itself, see {:?}", self.dir);
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command that runs `test` again, with `dir` as its [`inside`].
pub fn again(mut command: Command, test: &str, dir: &Path) -> Command {
    command.args(["--exact", test, "--nocapture"]).env(INSIDE, OsString::from(dir)).stdin(Stdio::null());
    command
}

/// In the other process: says a line, which is heard even if it dies right after.
pub struct Mouth(std::fs::File);

impl Mouth {
    pub fn of(dir: &Path) -> Self {
        Self(OpenOptions::new().create(true).append(true).open(beside(dir, "said")).unwrap())
    }

    pub fn say(&self, line: &str) {
        (&self.0).write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

/// All whole lines that it has said.
pub fn said(dir: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(beside(dir, "said")).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(str::to_owned).collect()
}

fn beside(dir: &Path, name: &str) -> PathBuf {
    dir.with_extension(name)
}

const INSIDE: &str = "STEADFAST_TEST_LEDGER";
