//! A simulated host: a machine, the weather between it and us, and whoever is connected.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use russh::keys::{PrivateKey, PublicKey};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::dice::{Dice, seed_of};
use super::incident::Incident;
use super::keys;
use super::machine::{Look, Machine};
use super::relay::{self, Parting};
use super::roster::{Profile, Standing};
use super::server::{Connection, config};
use super::time::{Now, Time};
use super::weather::{Air, Gate, Reset, Weather};
use crate::domain::id::{AttemptId, HostId};
use crate::domain::run::Stream;

/// Cheap to clone; all clones are one host.
#[derive(Clone)]
pub struct SimHost {
    inner: Arc<Inner>,
}

struct Inner {
    id: HostId,
    seed: u64,
    time: Time,
    noise: &'static str,
    /// Held for no longer than it takes to look or to let a spool grow; never across a wait.
    machine: Mutex<Machine>,
    door: Mutex<Door>,
    weather: watch::Sender<Weather>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Whom sshd lets in, and as whom it presents itself.
struct Door {
    operator: PublicKey,
    trusted: bool,
    known: PrivateKey,
    other: PrivateKey,
    shows_known: bool,
    /// Ends the incident that goes on when the next one comes.
    incident: CancellationToken,
    connections: u64,
}

/// An incident while it goes on.
struct Happening {
    host: SimHost,
    ended: CancellationToken,
}

impl SimHost {
    pub(super) fn new(
        profile: Profile,
        seed: u64,
        operator: PublicKey,
        time: Time,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let id = profile.id.clone();
        let door = Door {
            operator,
            trusted: profile.standing != Standing::KeyRefused,
            known: keys::derive(seed, &["host", id.as_str()]),
            other: keys::derive(seed, &["other host key", id.as_str()]),
            shows_known: profile.standing != Standing::HostKeyChanged,
            incident: stop.child_token(),
            connections: 0,
        };
        let noise = profile.noise;
        let machine = Mutex::new(Machine::new(profile, seed, time.now()));
        let (weather, _) = watch::channel(Weather::FAIR);
        let seed = seed_of(seed, &["weather", id.as_str()]);
        let inner = Inner { id, seed, time, noise, machine, door: Mutex::new(door), weather, tasks, stop };
        Self { inner: Arc::new(inner) }
    }

    #[must_use]
    pub fn id(&self) -> &HostId {
        &self.inner.id
    }

    /// The host key that `known_hosts` has of it.
    #[must_use]
    pub fn known_key(&self) -> PublicKey {
        self.door().known.public_key().clone()
    }

    /// Speaks SSH over `stream`, through the weather, until the connection ends.
    pub async fn serve_stream<S>(&self, mut stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        self.serve(&mut stream).await;
    }

    /// Bytes of memory that the output of all runs takes, whatever its size.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.machine().kept()
    }

    pub(super) async fn serve<S>(&self, stream: &mut S) -> Parting
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let weather = self.weather();
        let gate = weather.borrow().gate;
        match gate {
            Gate::Refused => return Parting::Reset,
            Gate::Silent => {
                self.hold(stream, weather).await;
                return Parting::Reset;
            }
            Gate::Open => {}
        }
        let (key, number) = {
            let mut door = self.door();
            door.connections += 1;
            (if door.shows_known { &door.known } else { &door.other }.clone(), door.connections)
        };
        let (near, far) = tokio::io::duplex(PIPE);
        let server = async {
            // Its end is that of the connection; errors are the peer's or the weather's.
            if let Ok(session) = russh::server::run_stream(config(key), far, Connection::new(self.clone())).await {
                let _ = session.await;
            }
        };
        let carried = async {
            tokio::select! {
                parting = relay::relay(stream, near, weather, &self.inner.time, Dice::new(self.inner.seed, number).roll()) => parting,
                () = self.inner.stop.cancelled() => Parting::Reset,
            }
        };
        let ((), parting) = tokio::join!(server, carried);
        parting
    }

    /// A peer that gets no banner: waits until the gate or the weather changes, or it goes away.
    async fn hold<S>(&self, stream: &mut S, mut weather: watch::Receiver<Weather>)
    where
        S: AsyncRead + Unpin,
    {
        let mut nowhere = tokio::io::sink();
        let cut = weather.borrow().cut;
        tokio::select! {
            _ = weather.wait_for(|weather| weather.gate != Gate::Silent || weather.cut != cut) => {}
            _ = tokio::io::copy(stream, &mut nowhere) => {}
            () = self.inner.stop.cancelled() => {}
        }
    }

    /// Makes `incident` happen, in place of one that goes on.
    pub(super) fn inject(&self, incident: Incident) {
        let ended = self.inner.stop.child_token();
        std::mem::replace(&mut self.door().incident, ended.clone()).cancel();
        let happening = Happening { host: self.clone(), ended: ended.clone() };
        self.spawn(async move {
            tokio::select! {
                biased;
                () = ended.cancelled() => {}
                () = happening.live_through(incident) => {}
            }
        });
    }

    pub(super) fn weather(&self) -> watch::Receiver<Weather> {
        self.inner.weather.subscribe()
    }

    pub(super) fn trusts(&self, key: &PublicKey) -> bool {
        let door = self.door();
        door.trusted && door.operator.key_data() == key.key_data()
    }

    pub(super) fn look(&self, id: AttemptId, stream: Stream) -> Option<Look> {
        self.machine().look(id, stream, self.now())
    }

    pub(super) fn noise(&self) -> &'static str {
        self.inner.noise
    }

    pub(super) fn time(&self) -> &Time {
        &self.inner.time
    }

    pub(super) fn now(&self) -> Now {
        self.inner.time.now()
    }

    pub(super) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.inner.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn door(&self) -> MutexGuard<'_, Door> {
        self.inner.door.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` to its end, or to that of the fleet.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.inner.stop.clone();
        self.inner.tasks.spawn(async move {
            stop.run_until_cancelled(work).await;
        });
    }
}

impl Happening {
    async fn live_through(&self, incident: Incident) {
        match incident {
            Incident::Outage { lasts } => self.weather_for(lasts, Gate::Refused, Air::Clear, Reset::All).await,
            Incident::HalfOpen { lasts } => self.weather_for(lasts, Gate::Silent, Air::Void, Reset::None).await,
            Incident::Overload { lasts } => self.weather_for(lasts, Gate::Silent, Air::Clear, Reset::All).await,
            Incident::Slow { least, most, lasts } => {
                self.weather_for(lasts, Gate::Open, Air::Slow { least, most }, Reset::None).await;
            }
            Incident::Reboot { down } => {
                // Nobody can see the new boot before the gate opens again.
                self.turn(Gate::Refused, Air::Clear, Reset::All);
                self.host.machine().reboot(self.host.now());
                self.host.time().sleep(down).await;
                self.turn(Gate::Open, Air::Clear, Reset::None);
            }
            Incident::Flap { times, every } => {
                for _ in 0..times {
                    self.weather_for(every / 2, Gate::Refused, Air::Clear, Reset::All).await;
                    self.host.time().sleep(every / 2).await;
                }
            }
            Incident::SpoolGap { lasts } => {
                self.turn(Gate::Refused, Air::Clear, Reset::All);
                self.host.time().sleep(lasts).await;
                self.host.machine().give_up_output(self.host.now());
                self.turn(Gate::Open, Air::Clear, Reset::None);
            }
            Incident::KeyRefused => {
                self.host.door().trusted = false;
                self.turn(Gate::Open, Air::Clear, Reset::All);
            }
            Incident::HostKeyChanged => {
                self.host.door().shows_known = false;
                self.turn(Gate::Open, Air::Clear, Reset::All);
            }
            Incident::Repair => {
                let mut door = self.host.door();
                (door.trusted, door.shows_known) = (true, true);
                drop(door);
                self.turn(Gate::Open, Air::Clear, Reset::None);
            }
        }
    }

    /// So for a while, and then fair again.
    async fn weather_for(&self, lasts: Duration, gate: Gate, air: Air, reset: Reset) {
        self.turn(gate, air, reset);
        self.host.time().sleep(lasts).await;
        self.turn(Gate::Open, Air::Clear, Reset::None);
    }

    /// Nothing once the next incident has come: it is asked under the lock that one is put in place with.
    fn turn(&self, gate: Gate, air: Air, reset: Reset) {
        let _door = self.host.door();
        if !self.ended.is_cancelled() {
            self.host.inner.weather.send_modify(|weather| weather.turn(gate, air, reset));
        }
    }
}

/// Between the server and the relay; with it full the server's writes wait.
const PIPE: usize = 64 * 1024;
