//! A control plane as the arguments mean it.

use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;

use crate::cli::compose;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::health::http::{ControlPlane, HttpError, HttpSettings};

/// Which one, and how it is asked.
pub(super) struct Wanted<'a> {
    pub url: &'a str,
    /// The environment variable with the token.
    pub token_env: Option<&'a str>,
    /// Or the file.
    pub token_file: Option<&'a Path>,
    pub concurrency: usize,
    pub timeout: Duration,
}

/// The client of a control plane; warns of a token that everybody could read on its way.
pub(super) fn of(wanted: &Wanted<'_>) -> Result<ControlPlane, Failure> {
    let token = token(wanted)?;
    let guarded = token.is_some();
    let settings =
        HttpSettings { url: wanted.url.to_owned(), token, concurrency: wanted.concurrency, timeout: wanted.timeout };
    let control_plane = ControlPlane::new(settings).map_err(|error| {
        let code = match error {
            HttpError::Url(_) => exit::USAGE,
            HttpError::Token | HttpError::Tls(_) => exit::FAILURE,
        };
        Failure::to(code, &error)
    })?;
    if guarded && control_plane.is_readable_by_others() {
        compose::say("the token goes over the network unencrypted: the URL begins with http://");
    }
    Ok(control_plane)
}

/// From the environment or a file, never from the arguments, which everybody on this machine can read.
fn token(wanted: &Wanted<'_>) -> Result<Option<SecretString>, Failure> {
    let (text, place) = match (wanted.token_env, wanted.token_file) {
        (Some(name), _) => {
            let text = std::env::var(name)
                .map_err(|_| Failure::usage(format!("there is no environment variable {name} with a token")))?;
            (text, format!("${name}"))
        }
        (None, Some(path)) => {
            let failed = |why: &dyn std::fmt::Display| {
                Failure::new(exit::FAILURE, format!("failed to read the token from {}: {why}", path.display()))
            };
            let size = std::fs::metadata(path).map_err(|error| failed(&error))?.len();
            if size > TOKEN {
                return Err(failed(&format_args!("it has more than {TOKEN} bytes")));
            }
            (std::fs::read_to_string(path).map_err(|error| failed(&error))?, path.display().to_string())
        }
        (None, None) => return Ok(None),
    };
    match text.trim() {
        "" => Err(Failure::usage(format!("{place} has no token in it"))),
        token => Ok(Some(SecretString::from(token.to_owned()))),
    }
}

/// Bytes of a file with a token.
const TOKEN: u64 = 64 << 10;
