//! The rungs below a login, asked without logging in: does the port accept, does sshd speak?

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::domain::diagnosis::{Cause, Rung, RungReport};
use crate::ssh::resolve::Target;
use crate::ssh::rungs::Rungs;
use crate::ssh::text::{LINE, clean, clean_bytes};

use super::pulse::without_identification;
use super::tcp;

/// Connects and waits for sshd's identification; `via` names the jump host if it is one.
pub(in crate::ssh) async fn probe(target: &Target, via: Option<String>, mut rungs: Rungs) -> Vec<RungReport> {
    rungs.begin(via);
    let (mut stream, address) = match tcp::connect(&target.hostname, target.port, LIMIT).await {
        Ok(connected) => connected,
        Err(broken) => return rungs.broken(broken.rung, broken.cause, &broken.detail).evidence,
    };
    rungs.stands(Rung::Tcp, &address.to_string());
    match tokio::time::timeout(LIMIT, identification(&mut stream)).await {
        Ok(Ok(line)) => {
            rungs.stands(Rung::Banner, &line);
            rungs.into_evidence()
        }
        Ok(Err(cause)) => rungs.broken(Rung::Banner, cause, "").evidence,
        Err(_) => rungs.broken(Rung::Banner, Cause::BannerTimedOut, "").evidence,
    }
}

/// The addresses that a ping goes to.
pub(in crate::ssh) async fn resolve(host: &str, port: u16) -> Result<impl Iterator<Item = SocketAddr>, Cause> {
    tcp::resolve(host, port, LIMIT).await.map(VecDeque::into_iter).map_err(|broken| broken.cause)
}

/// The first line that begins with `SSH-`; lines before it are allowed (RFC 4253, section 4.2).
async fn identification(stream: &mut TcpStream) -> Result<String, Cause> {
    let mut heard = Vec::new();
    let mut buffer = [0; 256];
    while heard.len() < IDENTIFICATION {
        let length = stream.read(&mut buffer).await.unwrap_or(0);
        if length == 0 {
            break;
        }
        heard.extend_from_slice(buffer.get(..length).unwrap_or_default());
        let text = String::from_utf8_lossy(&heard);
        let whole = text.rfind('\n').and_then(|end| text.get(..end)).unwrap_or_default();
        if let Some(line) = whole.lines().find(|line| line.starts_with("SSH-")) {
            return Ok(clean(line, LINE));
        }
    }
    Err(without_identification(&clean_bytes(&heard, LINE)))
}

/// Each of the two rungs gets this long: a link that is being probed waits for the answer.
const LIMIT: Duration = Duration::from_millis(1400);

/// More bytes than this without an identification are no sshd.
const IDENTIFICATION: usize = 8 * 1024;
