//! The loop: one message after the other into the app, its effects out, a frame when one is due.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use tokio::time::{Interval, MissedTickBehavior};

use super::feed::{Failed, Feed};
use super::guard::{self, Screen};
use super::input::{self, Input};
use super::outside::{self, Left};
use super::pace::Pace;
use super::program::{self, Place};
use super::prompter::{PromptRequest, Waiting};
use super::side::Side;
use super::signals::{Asked, Signals};
use super::work::{Done, Works};
use super::{Outcome, TuiError, TuiOptions, clipboard, notify, screenshot};
use crate::app::key::Key;
use crate::app::live::Numbers;
use crate::app::log::{LogId, News, Program, Work};
use crate::app::{App, Effect, Msg, Setup};
use crate::domain::health::{HostHealth, PlaneHealth};
use crate::domain::id::HostId;
use crate::domain::moment::Moment;
use crate::supervisor::{Handle, Subscription, Update};
use crate::ui;

pub struct Session {
    app: App,
    screen: Screen,
    events: Input,
    signals: Signals,
    updates: Subscription,
    options: TuiOptions,
    waiting: Waiting,
    feed: Feed,
    works: Works,
    side: Side,
    handle: Handle,
    tick: Interval,
    /// Something changed since the last frame.
    dirty: bool,
    pace: Pace,
}

/// What woke the loop.
enum Wake {
    Signal(Asked),
    Terminal(Option<io::Result<Event>>),
    Prompt(PromptRequest),
    Tick,
    Update(Box<Update>),
    /// Of the log that is shown: it is taken in with the next frame. Or what failed.
    Output(Result<(), Failed>),
    Work(Done),
    /// Of the views beside the output.
    Side(News),
    Frame,
}

impl Session {
    pub async fn open(handle: Handle, options: TuiOptions) -> Result<Self, TuiError> {
        let mut updates = handle.subscribe().await.map_err(TuiError::Supervisor)?;
        let signals = Signals::listen().map_err(TuiError::Signals)?;
        let screen = Screen::take().map_err(TuiError::Terminal)?;
        let now = options.clock.now();
        let app = App::new(Setup {
            fleet: std::mem::take(&mut updates.snapshot),
            name: options.fleet_name.clone(),
            jobs: options.jobs.clone(),
            health: options.health.clone(),
            alerts: options.alerts.on.clone(),
            read_only: options.read_only,
            look: options.look,
            simulated: options.simulated,
            holder: handle.holder(),
            now,
            utc_offset: (options.utc_offset)(now.wall),
            seed: options.seed,
        });
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let waiting = Waiting::default();
        let pace = Pace::new(now.mono);
        let events = Input::open().map_err(TuiError::Terminal)?;
        let (works, side) = (Works::new(handle.clone()), Side::new(&handle, &options));
        let feed =
            Feed::new(handle.clone(), options.marks.clone(), options.times.clone(), options.alarm_places.clone());
        let mut session = Self {
            app,
            screen,
            events,
            signals,
            updates,
            options,
            waiting,
            feed,
            works,
            side,
            handle,
            tick,
            dirty: true,
            pace,
        };
        let (columns, rows) = session.screen.size().map_err(TuiError::Terminal)?;
        session.app.update(now, Msg::Resize { columns, rows });
        session.feed.follow(&mut session.app.output);
        Ok(session)
    }

    pub async fn run(mut self) -> Result<Outcome, TuiError> {
        loop {
            let wake = self.wake().await;
            let now = self.options.clock.now();
            if let ControlFlow::Break(outcome) = self.handle_wake(now, wake).await {
                return Ok(outcome);
            }
            self.feed.follow(&mut self.app.output);
            self.side.follow(&mut self.app);
        }
    }

    /// The next thing to do. A frame comes last, after all that is waiting, but not for ever.
    async fn wake(&mut self) -> Wake {
        let due = self.pace.due_in(self.options.clock.now().mono);
        if self.dirty && due.is_zero() && self.pace.presses() {
            return Wake::Frame;
        }
        let frame = async move {
            if !due.is_zero() {
                tokio::time::sleep(due).await;
            }
        };
        tokio::select! {
            biased;
            asked = self.signals.next() => Wake::Signal(asked),
            event = self.events.next() => Wake::Terminal(event),
            Some(request) = self.options.prompts.recv() => Wake::Prompt(request),
            _ = self.tick.tick() => Wake::Tick,
            update = self.updates.next(), if !self.app.stopped => Wake::Update(Box::new(update)),
            news = self.feed.news() => Wake::Output(news),
            done = self.works.next() => Wake::Work(done),
            news = self.side.next() => Wake::Side(news),
            () = frame, if self.dirty => Wake::Frame,
        }
    }

    async fn handle_wake(&mut self, now: Moment, wake: Wake) -> ControlFlow<Outcome> {
        self.pace.take_in();
        match wake {
            Wake::Signal(asked) => self.handle_signal(now, asked).await,
            Wake::Terminal(Some(Ok(event))) => match input::message(event) {
                Some(msg) => {
                    self.pace.ask(now.mono);
                    self.update(now, msg).await
                }
                None => ControlFlow::Continue(()),
            },
            Wake::Terminal(None | Some(Err(_))) => hung_up(),
            Wake::Prompt(request) => {
                let msg = self.waiting.ask(request);
                self.update(now, msg).await
            }
            Wake::Tick => self.handle_tick(now).await,
            Wake::Update(update) => {
                let msg = match *update {
                    Update::Event(event) => {
                        self.feed.note(&event);
                        self.side.note(&event);
                        Msg::Event(event)
                    }
                    Update::Lagged(fleet) => {
                        self.feed.note_gap();
                        Msg::Snapshot(fleet)
                    }
                    Update::Stopped => Msg::Stopped,
                };
                self.update(now, msg).await
            }
            Wake::Output(Ok(())) => {
                self.dirty = true;
                ControlFlow::Continue(())
            }
            Wake::Output(Err(Failed::Nothing(text))) => self.update(now, Msg::Done(text)).await,
            Wake::Output(Err(Failed::Broken(failed))) => self.update(now, Msg::Failed(failed)).await,
            Wake::Work(Done::Msg(msg)) => self.update(now, msg).await,
            Wake::Work(Done::Clip { text, said }) => {
                if let Some(said) = said {
                    self.update(now, Msg::Done(said)).await?;
                }
                let sequence = clipboard::sequence(&text, self.options.in_tmux);
                if text.is_empty() { ControlFlow::Continue(()) } else { or_hung_up(self.screen.write(&sequence)) }
            }
            Wake::Side(news) => self.update(now, Msg::Log(news)).await,
            Wake::Frame => self.draw(now),
        }
    }

    async fn handle_signal(&mut self, now: Moment, asked: Asked) -> ControlFlow<Outcome> {
        match asked {
            Asked::Interrupt => self.update(now, Msg::Key(Key::ctrl('c'))).await,
            Asked::Terminate => ControlFlow::Break(Outcome::Terminated),
            Asked::HangUp => hung_up(),
            Asked::Continue => self.retake(now).await,
        }
    }

    /// Once a second: clocks, moving numbers, questions nobody waits for, panics of tasks.
    async fn handle_tick(&mut self, now: Moment) -> ControlFlow<Outcome> {
        let mut messages = vec![Msg::Tick { utc_offset: (self.options.utc_offset)(now.wall) }];
        self.feed.tick();
        messages.push(Msg::Holder(self.handle.holder()));
        messages.extend(self.waiting.withdrawn());
        messages.extend(self.works.progress());
        messages.extend(guard::take_panics().into_iter().map(Msg::Failed));
        let numbers = self.app.fleet.hosts.keys().map(|host| {
            let live = self.handle.live(host);
            (host.clone(), Numbers { rtt: live.rtt, received: live.received })
        });
        messages.push(Msg::Live(numbers.collect()));
        messages.push(Msg::Health(self.fresh_health()));
        messages.extend(self.fresh_plane().map(Msg::Plane));
        let of = |id| Some((id, self.handle.progress(id)?));
        messages.push(Msg::Progress(self.app.watched().into_iter().filter_map(of).collect()));
        for msg in messages {
            self.update(now, msg).await?;
        }
        ControlFlow::Continue(())
    }

    /// What the app does not have yet.
    fn fresh_health(&self) -> Vec<(HostId, Arc<HostHealth>)> {
        let fresh = |host: &HostId| {
            let health = self.handle.health(host)?;
            let known = self.app.health.of(host).is_some_and(|known| Arc::ptr_eq(known, &health));
            (!known).then(|| (host.clone(), health))
        };
        self.app.fleet.hosts.keys().filter_map(fresh).collect()
    }

    fn fresh_plane(&self) -> Option<Arc<PlaneHealth>> {
        let plane = self.handle.plane()?;
        (!self.app.health.has(&plane)).then_some(plane)
    }

    async fn update(&mut self, now: Moment, msg: Msg) -> ControlFlow<Outcome> {
        self.dirty = true;
        for effect in self.app.update(now, msg) {
            self.carry_out(now, effect).await?;
        }
        ControlFlow::Continue(())
    }

    async fn carry_out(&mut self, now: Moment, effect: Effect) -> ControlFlow<Outcome> {
        match effect {
            Effect::Command(command) => {
                if let Err(error) = self.handle.command(command) {
                    self.app.update(now, Msg::Failed(format!("failed to {error}")));
                }
            }
            Effect::Answer { id, secret } => self.waiting.answer(id, secret),
            Effect::Notify(text) => {
                let sequence = notify::sequence(&text, &self.options.alerts, self.options.in_tmux);
                return or_hung_up(self.screen.write(&sequence));
            }
            Effect::SeekAlarm { id, stream, forward, from } => self.feed.seek_alarm((id, stream), forward, from),
            Effect::Copy(text) => {
                if let Err(refused) = self.works.copy_text(text) {
                    self.app.update(now, Msg::Failed(refused));
                }
            }
            Effect::Log(work) => return self.work(now, work).await,
            Effect::Screenshot => {
                let msg = screenshot::save(&self.app, &self.options.theme.with(self.app.look));
                self.app.update(now, msg);
            }
            Effect::Mouse(ours) => return or_hung_up(self.screen.set_mouse(ours)),
            Effect::Redraw => return or_hung_up(self.screen.redraw()),
            Effect::Suspend => {
                self.screen.leave();
                // When stopping fails there is nothing to come back from: the screen is taken again.
                self.signals.suspend().await.ok();
                return self.retake(now).await;
            }
            Effect::Quit => return ControlFlow::Break(Outcome::Quit),
            Effect::Abort => return ControlFlow::Break(Outcome::Aborted),
        }
        ControlFlow::Continue(())
    }

    async fn work(&mut self, now: Moment, work: Work) -> ControlFlow<Outcome> {
        let begun = match work {
            Work::Copy { of, from, to, filter } => self.works.copy_lines(of, (from, to), filter),
            Work::CopyMerged { from, to, filter } => match self.side.part(from) {
                Some(part) => self.works.copy_part(part, (from, to), filter),
                None => Err("nothing is merged".into()),
            },
            Work::Save(save) => self.works.save(save),
            Work::Open { of, with, offset, line } => return self.open_log(now, of, with, Place { offset, line }).await,
        };
        if let Err(refused) = begun {
            self.app.update(now, Msg::Failed(refused));
        }
        ControlFlow::Continue(())
    }

    /// Gives the terminal to another program until that ends. Everything else goes on meanwhile.
    async fn open_log(&mut self, now: Moment, of: LogId, with: Program, place: Place) -> ControlFlow<Outcome> {
        let path = self.handle.output(of.0, of.1).path;
        let argv = match program::command(with, &path, place, &|name| std::env::var(name).ok()) {
            Ok(_) if !path.exists() => Err("there is no output yet".to_owned()),
            other => other,
        };
        let argv = match argv {
            Ok(argv) => argv,
            Err(why) => {
                self.app.update(now, Msg::Failed(why));
                return ControlFlow::Continue(());
            }
        };
        self.screen.leave();
        self.events.close().await;
        let left = outside::run(&argv, &mut self.signals).await;
        match Input::open() {
            Ok(events) => self.events = events,
            Err(_) => return hung_up(),
        }
        let now = self.options.clock.now();
        let said = match left {
            Ok(Left::Asked(Asked::HangUp)) => return hung_up(),
            Ok(Left::Asked(_)) => return ControlFlow::Break(Outcome::Terminated),
            Ok(Left::Ended(words)) => Some(words).filter(|words| !words.is_empty()),
            Err(error) => Some(format!("it was not started: {error}")),
        };
        self.retake(now).await?;
        if let Some(words) = said {
            let name = argv.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            self.app.update(now, Msg::Failed(format!("{name}: {words}")));
        }
        ControlFlow::Continue(())
    }

    /// Takes the terminal again after the shell had it, and draws all of it.
    async fn retake(&mut self, now: Moment) -> ControlFlow<Outcome> {
        self.dirty = true;
        let size = self.screen.enter().and_then(|()| self.screen.size());
        match size {
            Ok((columns, rows)) => {
                self.app.update(now, Msg::Resize { columns, rows });
                ControlFlow::Continue(())
            }
            Err(_) => hung_up(),
        }
    }

    fn draw(&mut self, now: Moment) -> ControlFlow<Outcome> {
        let Self { app, screen, options, feed, .. } = self;
        for msg in feed.collect() {
            app.update(now, Msg::Output(msg));
        }
        let theme = options.theme.with(app.look);
        or_hung_up(screen.draw(|frame| ui::render(frame, frame.area(), app, &theme)))?;
        self.dirty = false;
        self.pace.drawn(now.mono);
        ControlFlow::Continue(())
    }
}

/// A terminal that cannot be written to is gone.
fn or_hung_up(result: io::Result<()>) -> ControlFlow<Outcome> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => hung_up(),
    }
}

fn hung_up() -> ControlFlow<Outcome> {
    guard::terminal_is_gone();
    #[cfg(unix)]
    if let Err(error) = super::silence::silence_stdin() {
        tracing::warn!("the terminal is gone and stdin cannot be silenced: {error}");
    }
    ControlFlow::Break(Outcome::HungUp)
}

/// Clocks and countdowns show whole seconds.
const TICK: Duration = Duration::from_secs(1);
