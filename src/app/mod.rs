//! F4: the pure state of the screen. Imports `domain` only; knows no terminal, no clock, no file.
//!
//! [`App::update`] takes what happened and gives back what is to be done about it; drawing reads
//! [`App`] and changes nothing. What the output pane wants read waits in [`App::output`] until it is
//! taken. Keys go from the top down: a question, a dialog, a line being typed, the output pane when it
//! has the focus, then the table in [`keymap`].

mod actions;
mod details;
pub mod dialog;
mod digest;
mod focus;
mod freeze;
pub mod health;
pub mod hosts;
mod ids;
mod incidents;
pub mod key;
pub mod keymap;
pub mod layout;
pub mod line;
pub mod live;
pub mod log;
pub mod merged;
pub mod mouse;
pub mod output;
pub mod places;
pub mod question;
mod routes;
pub mod runs;
pub mod say;
mod sheets;
pub mod strips;
pub mod terminal;
pub mod toast;
mod verbs;
pub mod wall;
mod watch;

pub use details::{Detail, Weight};
pub use focus::Focus;
pub use runs::{Pick, Standing};
pub use sheets::{LABEL, SheetLine};

use std::sync::Arc;

use secrecy::SecretString;

use self::dialog::Dialog;
use self::hosts::Hosts;
use self::ids::Ids;
use self::key::Key;
use self::layout::{Areas, Wishes};
use self::line::Entry;
use self::live::{Live, Numbers};
use self::mouse::Mouse;
use self::output::Output;
use self::question::{Question, Questions};
use self::runs::Picks;
use self::strips::Strips;
use self::toast::{Toasts, Tone};
use crate::domain::alert::{AlertKind, Alerts};
use crate::domain::command::Command;
use crate::domain::event::{Event, Fact, SupervisorFact};
use crate::domain::fleet::{Fleet, HostView};
use crate::domain::health::{HostHealth, PlaneHealth};
use crate::domain::id::{AttemptId, HostId};
use crate::domain::look::Look;
use crate::domain::moment::Moment;
use crate::domain::progress::Progress;
use crate::domain::run::{Job, Stream};

/// Everything that the screen shows.
#[derive(Clone, Debug)]
pub struct App {
    pub fleet: Fleet,
    /// What the operator calls the fleet.
    pub name: String,
    pub hosts: Hosts,
    pub picks: Picks,
    pub output: Output,
    pub strips: Strips,
    pub focus: Focus,
    /// The focused pane is alone.
    pub zoom: bool,
    /// The mouse is ours; else the terminal selects text with it.
    pub mouse: bool,
    /// The column at which the timeline is held.
    drag: Option<u16>,
    /// The wall groups hosts by their first tag.
    pub wall_by_tag: bool,
    /// Which colours it is drawn in.
    pub look: Look,
    pub dialogs: Vec<Dialog>,
    pub questions: Questions,
    /// The line that is being typed below the panes.
    pub entry: Option<Entry>,
    pub toasts: Toasts,
    pub live: Live,
    pub health: health::Board,
    pub jobs: Vec<Job>,
    alerts: Alerts,
    /// Verbs that act on hosts are refused.
    pub read_only: bool,
    /// The hosts end with the screen, and their runs with them.
    pub simulated: bool,
    /// Who holds the ledger, when it is not we.
    pub holder: Option<String>,
    /// The supervisor is gone: what is shown no longer changes.
    pub stopped: bool,
    pub now: Moment,
    /// Seconds that local time is ahead of UTC.
    pub utc_offset: i32,
    /// What is drawn while the screen is to stand still.
    frozen: Option<Box<App>>,
    greeting: Option<digest::Greeting>,
    /// What the terminal shows that is looked at.
    pub picture: Option<terminal::Picture>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    ids: Ids,
}

/// What an [`App`] begins with.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    pub fleet: Fleet,
    pub name: String,
    pub jobs: Vec<Job>,
    /// When hosts are unhealthy, and how often they are sampled.
    pub health: crate::domain::health::Settings,
    /// What the operator is called for.
    pub alerts: Vec<AlertKind>,
    pub read_only: bool,
    pub look: Look,
    pub simulated: bool,
    pub holder: Option<String>,
    pub now: Moment,
    pub utc_offset: i32,
    /// Random: run identifiers are made from it.
    pub seed: u64,
}

/// Something happened.
#[derive(Clone, Debug)]
pub enum Msg {
    Key(Key),
    Mouse(Mouse),
    Paste(String),
    Resize {
        columns: u16,
        rows: u16,
    },
    Event(Arc<Event>),
    /// Events were missed; this is the fleet now.
    Snapshot(Box<Fleet>),
    Stopped,
    /// A second has gone by.
    Tick {
        utc_offset: i32,
    },
    /// The moving numbers of all hosts.
    Live(Vec<(HostId, Numbers)>),
    /// What is newly known of the hosts' health.
    Health(Vec<(HostId, Arc<HostHealth>)>),
    /// What is newly known of the control plane's servers.
    Plane(Arc<PlaneHealth>),
    /// How far the attempts of [`App::watched`] are.
    Progress(Vec<(AttemptId, Progress)>),
    Holder(Option<String>),
    /// News of the log that is shown.
    Output(output::Msg),
    Log(log::News),
    Ask(Question),
    /// Nobody waits for the answer any more.
    Withdraw(u64),
    /// Something was done on this side.
    Done(String),
    /// Something failed on this side: a command was not taken, a task ended badly.
    Failed(String),
}

/// Something is to be done.
#[derive(Clone, Debug)]
pub enum Effect {
    Command(Command),
    /// Call the operator, who may look elsewhere.
    Notify(String),
    /// Look for the alarm after, or before, this place of a log (at its end without one), and go there.
    SeekAlarm {
        id: AttemptId,
        stream: Stream,
        forward: bool,
        from: Option<u64>,
    },
    /// To the clipboard of the operator's terminal.
    Copy(String),
    Answer {
        id: u64,
        secret: Option<SecretString>,
    },
    /// With the file of a log.
    Log(log::Work),
    /// A picture of the screen, to a file.
    Screenshot,
    /// Whether the mouse is to be ours.
    Mouse(bool),
    /// Draw every cell anew.
    Redraw,
    /// Give the terminal back until the shell brings us forward again.
    Suspend,
    /// Leave; runs go on.
    Quit,
    /// Leave without waiting for anything.
    Abort,
}

impl App {
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let mut app = Self {
            fleet: setup.fleet,
            name: setup.name,
            hosts: Hosts::default(),
            picks: Picks::default(),
            output: Output::default(),
            strips: Strips::default(),
            focus: Focus::default(),
            zoom: false,
            mouse: true,
            drag: None,
            wall_by_tag: false,
            look: setup.look,
            dialogs: Vec::new(),
            questions: Questions::default(),
            entry: None,
            toasts: Toasts::default(),
            live: Live::default(),
            health: health::Board::new(setup.health),
            jobs: setup.jobs,
            alerts: Alerts::new(&setup.alerts),
            read_only: setup.read_only,
            simulated: setup.simulated,
            holder: setup.holder,
            stopped: false,
            now: setup.now,
            utc_offset: setup.utc_offset,
            frozen: None,
            greeting: None,
            picture: None,
            size: (80, 24),
            ids: Ids(setup.seed),
        };
        app.suit_strips();
        app.point_at_digest();
        app.settle();
        app
    }

    /// Takes in what happened at `now`.
    pub fn update(&mut self, now: Moment, msg: Msg) -> Vec<Effect> {
        self.now = now;
        let mut effects = self.route(msg);
        // Whatever way it came: a dialog that was open, a verb that forgot to ask.
        let acts = |effect: &Effect| matches!(effect, Effect::Command(command) if command.acts_on_host());
        // Verbs act on hosts: none is meant by who looks at a server.
        let none_meant = |app: &mut Self| app.refuse_read_only() || (app.focus == Focus::Health && app.refuse_server());
        if effects.iter().any(acts) && none_meant(self) {
            effects.retain(|effect| !acts(effect));
        }
        self.toasts.expire(now.mono);
        self.settle();
        effects
    }

    fn route(&mut self, msg: Msg) -> Vec<Effect> {
        if let Msg::Key(_) | Msg::Mouse(_) = msg {
            self.greeting = None;
        }
        match msg {
            Msg::Key(key) => return self.handle_key(key),
            Msg::Mouse(mouse) => return self.handle_mouse(mouse),
            Msg::Paste(text) => self.handle_paste(&text),
            Msg::Resize { columns, rows } => {
                self.size = (columns, rows);
                self.resize_frozen();
            }
            Msg::Event(event) => return self.handle_event(&event),
            Msg::Snapshot(fleet) => self.fleet = *fleet,
            Msg::Stopped => self.stopped = true,
            Msg::Tick { utc_offset } => {
                self.utc_offset = utc_offset;
                self.suit_strips();
                self.open_digest();
            }
            Msg::Live(hosts) => {
                for (host, numbers) in hosts {
                    self.live.apply(host, numbers, self.now.mono);
                }
            }
            Msg::Health(hosts) => hosts.into_iter().for_each(|(host, health)| self.health.apply(host, health)),
            Msg::Plane(plane) => self.health.apply_plane(plane, self.now.wall),
            Msg::Progress(progress) => self.live.set_progress(progress),
            Msg::Output(msg) => self.output.update(msg),
            Msg::Log(news) => self.handle_news(news),
            Msg::Holder(holder) => self.holder = holder,
            Msg::Ask(question) => {
                let id = question.id;
                if !self.questions.ask(question) {
                    return vec![Effect::Answer { id, secret: None }];
                }
            }
            Msg::Withdraw(id) => self.questions.withdraw(id),
            Msg::Done(text) => self.tell(Tone::Good, text),
            Msg::Failed(text) => self.tell(Tone::Bad, text),
        }
        Vec::new()
    }

    /// The host that is selected.
    #[must_use]
    pub fn host(&self) -> Option<&HostView> {
        self.hosts.selected(&self.fleet)
    }

    /// The attempt whose output is shown.
    #[must_use]
    pub fn pick(&self) -> Option<Pick<'_>> {
        self.picks.of(&self.fleet, &self.host()?.id)
    }

    /// Where the panes are; `None` when the terminal is too small.
    #[must_use]
    pub fn areas(&self) -> Option<Areas> {
        let hosts = self.hosts.shown(&self.fleet).count();
        let zoom = (self.zoom || matches!(self.focus, Focus::Wall | Focus::Health)).then_some(self.focus);
        layout::arrange(self.size.0, self.size.1, Wishes { zoom, hosts })
    }

    /// Columns of the strips, without the names before them.
    #[must_use]
    pub fn strip_columns(&self) -> u16 {
        let inside = self.areas().and_then(|areas| areas.inside(Focus::Timeline));
        inside.map_or(self.size.0, |area| area.width).saturating_sub(self.strip_label()).max(1)
    }

    /// Columns of the names before the strips.
    #[must_use]
    pub fn strip_label(&self) -> u16 {
        let longest = self.hosts.shown(&self.fleet).map(|host| host.id.as_str().chars().count()).max();
        let most = usize::from(self.size.0 / 5).clamp(8, 24);
        u16::try_from(longest.unwrap_or(0).clamp(4, most)).unwrap_or(24) + 4
    }

    /// Whether the first question can be seen: it waits until nothing else is being typed.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        let typing = self.entry.is_some() || self.output.is_typing() || self.frozen.is_some();
        !self.questions.is_empty() && self.dialogs.is_empty() && !typing
    }

    fn handle_event(&mut self, event: &Event) -> Vec<Effect> {
        self.fleet.apply(event);
        if let Some((tone, text)) = toast::of_event(&self.fleet, event) {
            let text = say::clean(&text);
            match toast::renewed(&self.fleet, event) {
                Some(beginning) => self.toasts.renew(self.now.mono, tone, &say::clean(&beginning), &text),
                None => self.tell(tone, text),
            }
        }
        if matches!(event.fact, Fact::Supervisor(SupervisorFact::Stalled(_))) {
            self.point_at_digest();
        }
        self.alerts.of(&self.fleet, event).map(|alert| Effect::Notify(alert.text)).into_iter().collect()
    }

    fn suit_strips(&mut self) {
        let oldest = self.fleet.hosts.values().filter_map(|host| host.timeline.segments().front());
        self.strips.suit(oldest.map(|segment| segment.from).min(), self.now.wall);
    }

    /// Brings what depends on the rest up to date.
    fn settle(&mut self) {
        self.questions.set_shown(self.is_asking(), self.now.mono);
        if self.hosts.is_unset() {
            self.hosts.pin(&self.fleet);
        }
        self.note_rows();
        let attempt = self.pick().map(|pick| (pick.id(), pick.run.spec.io));
        self.output.show(attempt);
        if let Some(room) = self.areas().and_then(|areas| areas.inside(Focus::Output)) {
            self.output.resize(room.width, room.height);
        }
        let (columns, rows) = self.terminal_room();
        if let Some(merged) = self.merged_mut() {
            merged.output.resize(columns, rows);
        }
    }
}
