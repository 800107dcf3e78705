//! Reads configuration files from disk, as far as OpenSSH would trust them. Understands no line.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::error::ResolveError;

/// How far a file is trusted, and whether it has to be there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Trust {
    /// Refuse what others could have written.
    pub check_owner: bool,
    pub must_exist: bool,
}

/// The text of a file; empty when there is none or it is a directory. What is no UTF-8 is
/// replaced: it is a comment in another encoding, most likely.
pub(super) fn text(path: &Path, trust: Trust, user_id: u32) -> Result<String, ResolveError> {
    let failed = |source| ResolveError::Read { path: path.to_path_buf(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if absent(&error) && !trust.must_exist => return Ok(String::new()),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() && !trust.must_exist {
        return Ok(String::new());
    }
    let owned = metadata.uid() == 0 || metadata.uid() == user_id;
    if trust.check_owner && (!owned || metadata.mode() & OTHERS_WRITE != 0) {
        return Err(ResolveError::Permissions { path: path.to_path_buf() });
    }
    let mut bytes = Vec::new();
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > LARGEST {
        return Err(ResolveError::TooLarge { path: path.to_path_buf(), limit: LARGEST });
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

const OTHERS_WRITE: u32 = 0o022;
/// A configuration file larger than this is none; reading stops with an error.
const LARGEST: u64 = 16 * 1024 * 1024;
