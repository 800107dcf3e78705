//! Carries a connection's bytes through the weather: late, into the void, or not at all.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};

use super::dice::Dice;
use super::time::Time;
use super::weather::{Air, Weather};

/// How a connection came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Parting {
    /// By the weather: nothing more is to be said to the peer.
    Reset,
    Closed,
}

/// Carries both ways until both are at their end, or the weather cuts the connection.
pub(super) async fn relay<S, T>(
    outer: &mut S,
    inner: T,
    weather: watch::Receiver<Weather>,
    time: &Time,
    seed: u64,
) -> Parting
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let (outer_read, outer_write) = tokio::io::split(outer);
    let (inner_read, inner_write) = tokio::io::split(inner);
    let up = carry(outer_read, inner_write, &weather, time, Dice::new(seed, 1));
    let down = carry(inner_read, outer_write, &weather, time, Dice::new(seed, 2));
    tokio::select! {
        biased;
        () = cut(weather.clone()) => Parting::Reset,
        _ = async { tokio::join!(up, down) } => Parting::Closed,
    }
}

/// Completes when a connection made now is to be reset.
pub(super) async fn cut(mut weather: watch::Receiver<Weather>) {
    let made_under = weather.borrow().cut;
    // An error means that the host is no more, which cuts as well.
    let _ = weather.wait_for(|weather| weather.cut != made_under).await;
}

/// One way. At the end of the source, the sink is closed once everything has arrived.
async fn carry<R, W>(mut source: R, mut sink: W, weather: &watch::Receiver<Weather>, time: &Time, mut dice: Dice)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (sender, mut flying) = mpsc::channel::<(Duration, Bytes)>(IN_FLIGHT);
    let depart = async move {
        let mut buffer = vec![0; CHUNK];
        loop {
            let count = match source.read(&mut buffer).await {
                Ok(count) if count > 0 => count,
                Ok(_) | Err(_) => return,
            };
            let delay = match weather.borrow().air {
                Air::Clear => Duration::ZERO,
                Air::Slow { least, most } => least + most.saturating_sub(least).mul_f64(dice.fraction()),
                Air::Void => continue,
            };
            let due = time.now().sim + delay;
            if sender.send((due, Bytes::copy_from_slice(&buffer[..count]))).await.is_err() {
                return;
            }
        }
    };
    let arrive = async move {
        while let Some((due, bytes)) = flying.recv().await {
            time.sleep_until(due).await;
            if weather.borrow().air == Air::Void {
                continue;
            }
            if sink.write_all(&bytes).await.is_err() || sink.flush().await.is_err() {
                return;
            }
        }
        let _ = sink.shutdown().await;
    };
    tokio::join!(depart, arrive);
}

/// Chunks on the way; with it full the sender's side waits, as with a full TCP window.
const IN_FLIGHT: usize = 16;
const CHUNK: usize = 16 * 1024;
