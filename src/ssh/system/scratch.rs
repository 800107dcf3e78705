//! A private directory for a control socket and logs.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Removed with what is in it when dropped.
pub(super) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// In a place with a short name: the address of a socket holds 104 bytes (macOS), and `ssh` adds
    /// 17 to the name for a moment.
    pub(super) fn new() -> io::Result<Self> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let base = runtime.filter(|path| path.is_absolute() && path.as_os_str().len() <= 40 && path.is_dir());
        Self::within(&base.unwrap_or_else(|| "/tmp".into()))
    }

    fn within(base: &Path) -> io::Result<Self> {
        for _ in 0..8 {
            let path = base.join(format!("steadfast-{:012x}", rand::random::<u64>() >> 16));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is a socket that nobody listens on.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_private_short_and_gone_afterwards() {
        let scratch = Scratch::new().unwrap();
        let socket = scratch.path("s");
        assert!(socket.as_os_str().len() + 17 < 104);
        let folder = socket.parent().unwrap().to_owned();
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::write(&socket, "").unwrap();
        drop(scratch);
        assert!(!folder.exists());
    }
}
