//! Who is told while nobody looks: the webhook, by whichever steadfast holds the ledger, with or without a
//! screen.

use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use tokio::task::JoinSet;

use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::config::WebhookSettings;
use crate::domain::alert::{Alert, Alerts};
use crate::domain::moment::Wall;
use crate::ledger::record::Timestamp;
use crate::notify::{Message, Patience, Target, Webhook};
use crate::supervisor::{Handle, Subscription, Update};

/// Follows events until the supervisor stops, and tells the webhook what is worth it.
pub(super) struct Caller(JoinSet<()>);

impl Caller {
    /// On the current runtime.
    pub(super) fn start(settings: &WebhookSettings, handle: &Handle) -> Result<Self, Failure> {
        let target = Target { url: settings.url.clone(), token: token(settings)?, patience: Patience::default() };
        let teller = handle.clone();
        let trouble = move |text: String| {
            if let Err(error) = teller.warn(text) {
                tracing::warn!(%error, "a warning of the webhook was not told");
            }
        };
        let webhook = Webhook::start(&target, trouble).map_err(|error| Failure::to(exit::CONFIGURATION, &error))?;
        let (handle, alerts) = (handle.clone(), Alerts::new(&settings.on));
        let mut task = JoinSet::new();
        task.spawn(async move {
            match handle.subscribe().await {
                Ok(updates) => {
                    drop(handle);
                    follow(updates, alerts, webhook).await;
                }
                Err(error) => tracing::warn!(%error, "the webhook hears of nothing"),
            }
        });
        Ok(Self(task))
    }

    /// Waits for what is still to be sent; called when the supervisor has stopped.
    pub(super) async fn end(mut self) {
        self.0.join_next().await;
    }
}

async fn follow(mut updates: Subscription, mut alerts: Alerts, webhook: Webhook) {
    let mut fleet = std::mem::take(&mut updates.snapshot);
    loop {
        match updates.next().await {
            Update::Event(event) => {
                fleet.apply(&event);
                if let Some(alert) = alerts.of(&fleet, &event) {
                    webhook.send(message(alert, event.at));
                }
            }
            Update::Lagged(now) => fleet = *now,
            Update::Stopped => break,
        }
    }
    webhook.close(LAST_WORDS).await;
}

fn message(alert: Alert, at: Wall) -> Message {
    let time = serde_json::to_value(Timestamp::from(at)).ok().and_then(|time| time.as_str().map(str::to_owned));
    Message {
        event: alert.kind.word(),
        host: alert.host.to_string(),
        run: alert.run.map(|id| id.to_string()),
        cause: alert.cause,
        time: time.unwrap_or_default(),
        text: crate::app::say::clean(&alert.text).into_owned(),
        incident: alert.incident,
    }
}

/// From where the configuration says; the value stands in no file of ours, no argument and no log.
fn token(settings: &WebhookSettings) -> Result<Option<SecretString>, Failure> {
    let set = settings.token_env.as_ref().and_then(|name| Some((Ok(std::env::var(name).ok()?), format!("${name}"))));
    let (text, place) = match (set, &settings.token_env, &settings.token_file) {
        (Some(set), ..) => set,
        (None, _, Some(path)) => (read(path), path.display().to_string()),
        (None, Some(name), None) => (Err(format!("${name} is not set")), String::new()),
        (None, None, None) => return Ok(None),
    };
    let failed = |why| Failure::new(exit::CONFIGURATION, format!("failed to read the webhook's token: {why}"));
    let text = text.map_err(failed)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::new(exit::CONFIGURATION, format!("the webhook's token is empty: {place}")));
    }
    Ok(Some(SecretString::from(text)))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A process that ends waits this long for a webhook that does not answer.
const LAST_WORDS: Duration = Duration::from_secs(5);
