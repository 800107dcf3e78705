//! F2: tells a program elsewhere what an operator should know: JSON by HTTP POST, one message at a time.
//!
//! Whoever sends never waits. A message that is not taken is sent again a few times, ever later; one for
//! which there is no room is left out, and the next that is taken says how many were.
//!
//! Deliberately absent: redirects (a token must not follow them), proxies, any thought about what is worth a
//! message ([`crate::domain::alert`]). The address may itself be a secret: only its host is ever shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Where to, and how patiently.
pub struct Target {
    pub url: String,
    /// Sent as a bearer token.
    pub token: Option<SecretString>,
    pub patience: Patience,
}

/// How long it is tried.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For each attempt, from the connection to the last byte.
    pub timeout: Duration,
    /// Before the second attempt; five times as long before each further one.
    pub pause: Duration,
    pub attempts: u32,
}

impl Default for Patience {
    /// Given up after some two and a half minutes.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(10), pause: Duration::from_secs(1), attempts: 4 }
    }
}

/// What is sent.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Message {
    /// `lost`, `refused`, `rebooted`, `run-failed`, `alarm`.
    pub event: &'static str,
    pub host: String,
    pub run: Option<String>,
    pub cause: Option<String>,
    /// RFC 3339, UTC.
    pub time: String,
    pub text: String,
    /// The same for everything that belongs to one trouble.
    pub incident: Option<u64>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    message: &'a Message,
    /// Messages before this one that were left out.
    skipped: u64,
}

/// Why nothing can be sent at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    #[error("read the address of the webhook: no http:// or https:// URL")]
    Url,
    #[error("use the webhook's token: it has characters that no header may have")]
    Token,
    #[error("prepare TLS: {0}")]
    Tls(String),
}

/// Sends messages, until it is closed.
pub struct Webhook {
    queue: mpsc::Sender<Message>,
    skipped: Arc<AtomicU64>,
    /// One: the sender.
    task: JoinSet<()>,
}

impl Webhook {
    /// Starts on the current runtime. `trouble` is told when messages begin to fail, and when one is taken
    /// again; it must not wait.
    pub fn start(target: &Target, trouble: impl Fn(String) + Send + 'static) -> Result<Self, WebhookError> {
        let url = Url::parse(&target.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.filter(Url::has_host).ok_or(WebhookError::Url)?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(token) = &target.token {
            let bearer = SecretString::from(format!("Bearer {}", token.expose_secret()));
            let mut value = HeaderValue::from_str(bearer.expose_secret()).map_err(|_| WebhookError::Token)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let client = Client::builder()
            .default_headers(headers)
            .user_agent(concat!("steadfast/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(target.patience.timeout)
            .build()
            .map_err(|error| WebhookError::Tls(error.without_url().to_string()))?;
        let (queue, messages) = mpsc::channel(QUEUE);
        let skipped = Arc::new(AtomicU64::new(0));
        let sender = Sender { client, url, patience: target.patience, skipped: Arc::clone(&skipped), failing: false };
        let mut task = JoinSet::new();
        task.spawn(sender.run(messages, trouble));
        Ok(Self { queue, skipped, task })
    }

    /// Queues a message; without room it is left out, and counted.
    pub fn send(&self, message: Message) {
        if self.queue.try_send(message).is_err() {
            self.skipped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything is sent or given up, but no longer than this.
    pub async fn close(self, limit: Duration) {
        drop(self.queue);
        let mut task = self.task;
        if tokio::time::timeout(limit, task.join_next()).await.is_err() {
            // Ended with the set.
            tracing::warn!("the webhook was not told everything: it takes too long");
        }
    }
}

struct Sender {
    client: Client,
    url: Url,
    patience: Patience,
    skipped: Arc<AtomicU64>,
    failing: bool,
}

/// Why a message was not taken.
enum Refusal {
    /// It will not be, however often it is sent.
    Final(String),
    Later(String),
}

impl Sender {
    async fn run(mut self, mut messages: mpsc::Receiver<Message>, trouble: impl Fn(String) + Send) {
        while let Some(message) = messages.recv().await {
            let outcome = self.deliver(&message).await;
            let place = self.url.host_str().unwrap_or("the webhook").to_owned();
            match outcome {
                Ok(()) if std::mem::take(&mut self.failing) => {
                    trouble(format!("the webhook at {place} takes messages again"))
                }
                Ok(()) => {}
                Err(why) => {
                    self.skipped.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(%why, event = message.event, "the webhook did not take a message");
                    if !std::mem::replace(&mut self.failing, true) {
                        trouble(format!("the webhook at {place} does not take messages: {why}"));
                    }
                }
            }
        }
    }

    async fn deliver(&self, message: &Message) -> Result<(), String> {
        let mut pause = self.patience.pause;
        for attempt in 1.. {
            match self.post(message).await {
                Ok(()) => return Ok(()),
                Err(Refusal::Final(why)) => return Err(why),
                Err(Refusal::Later(why)) if attempt >= self.patience.attempts => return Err(why),
                Err(Refusal::Later(_)) => {
                    tokio::time::sleep(pause).await;
                    pause *= 5;
                }
            }
        }
        Ok(())
    }

    async fn post(&self, message: &Message) -> Result<(), Refusal> {
        let skipped = self.skipped.load(Ordering::Relaxed);
        let body = serde_json::to_vec(&Body { message, skipped }).map_err(|error| Refusal::Final(error.to_string()))?;
        let answer = self.client.post(self.url.clone()).body(body).send().await;
        // Never with the address, which may be a secret.
        let status = answer.map_err(|error| Refusal::Later(words(&error.without_url())))?.status();
        if status.is_success() {
            self.skipped.fetch_sub(skipped, Ordering::Relaxed);
            return Ok(());
        }
        let why = format!("it answers {status}");
        let later =
            status.is_server_error() || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
        Err(if later { Refusal::Later(why) } else { Refusal::Final(why) })
    }
}

fn words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// Messages waiting for the one that is being sent. Full: a new one is left out.
const QUEUE: usize = 64;
