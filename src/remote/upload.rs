//! Sending a file: named on the host by its content, so that it is sent once; resumed where a cut
//! left it; checked by its checksum before it may run.

use std::path::Path;
use std::time::Duration;

use russh_sftp::client::SftpSession;
use russh_sftp::protocol::OpenFlags;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::domain::run::Upload;
use crate::port::{Exec, ExecEvent, Session};
use crate::remote::answer::{Fields, garbled};
use crate::remote::call::{Answer, call, or_gone};
use crate::remote::script::{SHELL, Script};
use crate::remote::{MARK, RemoteError};

/// A file that is on the host, whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Uploaded {
    /// Where it is on the host.
    pub path: String,
    /// Bytes that had to be sent this time.
    pub sent: u64,
    /// What the operator should know.
    pub notice: Option<String>,
}

/// Reads a local file and tells what it is; of any size, at constant memory.
///
/// # Errors
/// When it cannot be read.
pub async fn describe(path: &Path) -> std::io::Result<Upload> {
    let mut file = File::open(path).await?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut size = 0;
    loop {
        let length = file.read(&mut buffer).await?;
        if length == 0 {
            break;
        }
        hash.update(buffer.get(..length).unwrap_or_default());
        size += length as u64;
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Upload { path: path.display().to_string(), sha256, size })
}

/// Sends `upload` unless the host has it; `progress` is told how many bytes of it are there. Takes as
/// long as the line needs, but ends when nothing moves for a minute.
///
/// # Errors
/// [`RemoteError::File`] for the local file (also when it has changed since it was described), else as
/// every call; what was sent stays there, and the next try goes on behind it.
pub async fn upload(
    session: &dyn Session,
    upload: &Upload,
    progress: impl FnMut(u64) + Send,
) -> Result<Uploaded, RemoteError> {
    tokio::select! {
        done = send(session, upload, progress) => or_gone(session, done).await,
        // A write that waits for room in a window would not hear of it.
        gone = session.closed() => Err(gone.into()),
    }
}

async fn send(
    session: &dyn Session,
    upload: &Upload,
    mut progress: impl FnMut(u64) + Send,
) -> Result<Uploaded, RemoteError> {
    let mut sent = 0;
    for round in 0..ROUNDS {
        let there = have(session, upload).await?;
        progress(there.have);
        if there.complete {
            return Ok(Uploaded { path: there.path, sent, notice: there.notice });
        }
        let file = open(upload, there.have).await?;
        let part = format!("{}.part", there.path);
        let before = sent;
        // The second round goes over the shell: some servers' sftp lives in another directory tree.
        let over_sftp = round == 0 && send_by_sftp(session, &part, file, there.have, &mut sent, &mut progress).await;
        if !over_sftp {
            // What sftp managed to write is found by asking again.
            let there = if sent > before { have(session, upload).await? } else { there };
            let file = open(upload, there.have).await?;
            send_by_shell(session, upload, file, there.have, &mut sent, &mut progress).await?;
        }
    }
    Err(file_error(upload, "it changed while it was sent, or the line garbles it"))
}

struct There {
    path: String,
    have: u64,
    complete: bool,
    notice: Option<String>,
}

async fn have(session: &dyn Session, upload: &Upload) -> Result<There, RemoteError> {
    // Checksums of many gigabytes take their time on the host.
    let limit = CALL_LIMIT + Duration::from_secs(upload.size / CHECKSUM_RATE);
    let script = Script::new("have", [upload.sha256.clone(), upload.size.to_string()]);
    let fields = call(session, script, limit).await?;
    Ok(There {
        path: fields.text("path"),
        have: fields.number("have")?.unwrap_or(0),
        complete: fields.get("complete") == Some("1"),
        notice: fields.get("notice").map(str::to_owned),
    })
}

async fn open(upload: &Upload, at: u64) -> Result<File, RemoteError> {
    let failed = |error: std::io::Error| file_error(upload, &error.to_string());
    let mut file = File::open(&upload.path).await.map_err(failed)?;
    if file.metadata().await.map_err(failed)?.len() != upload.size {
        return Err(file_error(upload, "it has another size than when the run was asked for"));
    }
    file.seek(std::io::SeekFrom::Start(at)).await.map_err(failed)?;
    Ok(file)
}

fn file_error(upload: &Upload, why: &str) -> RemoteError {
    RemoteError::File { path: upload.path.clone(), why: why.to_owned() }
}

/// Whether sftp did it; if not, the shell will.
async fn send_by_sftp(
    session: &dyn Session,
    part: &str,
    mut file: File,
    at: u64,
    sent: &mut u64,
    progress: &mut (impl FnMut(u64) + Send),
) -> bool {
    let outcome: Result<(), String> = async {
        let channel = within(session.sftp()).await?.map_err(|error| error.to_string())?;
        let sftp = within(SftpSession::new(channel)).await?.map_err(|error| error.to_string())?;
        let flags = OpenFlags::WRITE | OpenFlags::CREATE;
        let mut remote = within(sftp.open_with_flags(part, flags)).await?.map_err(|error| error.to_string())?;
        within(remote.seek(std::io::SeekFrom::Start(at))).await?.map_err(|error| error.to_string())?;
        let mut buffer = vec![0; CHUNK];
        let mut there = at;
        loop {
            let length = file.read(&mut buffer).await.map_err(|error| error.to_string())?;
            if length == 0 {
                break;
            }
            let piece = buffer.get(..length).unwrap_or_default();
            within(remote.write_all(piece)).await?.map_err(|error| error.to_string())?;
            there += length as u64;
            *sent += length as u64;
            progress(there);
        }
        within(remote.shutdown()).await?.map_err(|error| error.to_string())
    }
    .await;
    if let Err(why) = &outcome {
        tracing::info!(why, "no upload over sftp: over the shell then");
    }
    outcome.is_ok()
}

async fn send_by_shell(
    session: &dyn Session,
    upload: &Upload,
    mut file: File,
    at: u64,
    sent: &mut u64,
    progress: &mut (impl FnMut(u64) + Send),
) -> Result<Fields, RemoteError> {
    let stalled = |_: String| RemoteError::TimedOut(MOVE_LIMIT);
    let Exec { mut stdin, mut output } = session.exec(SHELL).await?;
    let script = Script::new("put", [upload.sha256.clone(), at.to_string()]);
    within(stdin.write_all(script.text().as_bytes())).await.map_err(stalled)?.ok();
    let mut answer = Answer::default();
    let mut heard = Vec::new();
    // Until the shell says so it may have read ahead of its script.
    while memchr::memmem::find(&heard, format!("{MARK}ready\n").as_bytes()).is_none() {
        match within(output.next()).await.map_err(stalled)? {
            ExecEvent::Stdout(bytes) => {
                heard.extend_from_slice(&bytes);
                answer.feed(&bytes)?;
            }
            ExecEvent::Closed => return answer.finish(b""),
            ExecEvent::Stderr(_) | ExecEvent::Exit(_) => {}
        }
    }
    let mut buffer = vec![0; CHUNK];
    let mut there = at;
    loop {
        let length = file.read(&mut buffer).await.map_err(|error| file_error(upload, &error.to_string()))?;
        if length == 0 {
            break;
        }
        let piece = buffer.get(..length).unwrap_or_default();
        if within(stdin.write_all(piece)).await.map_err(stalled)?.is_err() {
            // The host stopped reading; its answer says why.
            break;
        }
        there += length as u64;
        *sent += length as u64;
        progress(there);
    }
    stdin.shutdown().await.ok();
    loop {
        match within(output.next()).await.map_err(stalled)? {
            ExecEvent::Stdout(bytes) => answer.feed(&bytes)?,
            ExecEvent::Closed => break,
            ExecEvent::Stderr(_) | ExecEvent::Exit(_) => {}
        }
    }
    let fields = answer.finish(b"")?;
    if fields.get("have").is_none() { Err(garbled("an answer to put", "")) } else { Ok(fields) }
}

/// A line on which nothing moves for a minute is none.
async fn within<T>(future: impl Future<Output = T>) -> Result<T, String> {
    tokio::time::timeout(MOVE_LIMIT, future).await.map_err(|_| "nothing moved for a minute".to_owned())
}

/// Read, hashed and sent at a time; sftp's usual write.
const CHUNK: usize = 32 * 1024;

/// Once over sftp, once over the shell, once more for what the checksum refused.
const ROUNDS: usize = 3;

const CALL_LIMIT: Duration = Duration::from_secs(60);
const MOVE_LIMIT: Duration = Duration::from_secs(60);

/// The slowest checksum that is waited for, in bytes a second.
const CHECKSUM_RATE: u64 = 5 << 20;
