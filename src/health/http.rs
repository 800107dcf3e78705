//! A control plane over HTTP: `GET /servers` gives a JSON list of addresses, `GET /ADDRESS` gives
//! `{"cpu":"61%","memory":"4%","service":"UserService"}`.
//!
//! Deliberately absent: redirects (a token must not follow them), proxies, and trying again (who
//! watches asks again anyway).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};

use crate::domain::health::{Report, Trouble, plain};
use crate::health::http::answer::{Listed, listed, sample};
use crate::port::{HealthProvider, SurveyError};

mod answer;

/// How a control plane is asked.
pub struct HttpSettings {
    pub url: String,
    /// Sent as a bearer token.
    pub token: Option<SecretString>,
    /// Requests at a time, at least 1: with 1 the next begins when the one before has been answered.
    pub concurrency: usize,
    /// For each request, from the connection to the last byte.
    pub timeout: Duration,
}

/// Why a control plane cannot be asked at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    #[error("read the URL of the control plane: {0}")]
    Url(String),
    #[error("use the token: it has characters that no header may have")]
    Token,
    #[error("prepare TLS: {0}")]
    Tls(String),
}

/// A control plane.
pub struct ControlPlane {
    client: Client,
    base: Url,
    concurrency: usize,
    timeout: Duration,
}

impl ControlPlane {
    /// # Errors
    /// For a URL that is no `http` or `https`, or has a password in it, and for an unusable token.
    pub fn new(settings: HttpSettings) -> Result<Self, HttpError> {
        let base = base(&settings.url)?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = &settings.token {
            let bearer = SecretString::from(format!("Bearer {}", token.expose_secret()));
            let mut value = HeaderValue::from_str(bearer.expose_secret()).map_err(|_| HttpError::Token)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let concurrency = settings.concurrency.max(1);
        let client = Client::builder()
            .default_headers(headers)
            .user_agent(concat!("steadfast/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(settings.timeout)
            // A server that answers one request at a time may not hear the next on another connection
            // while the last is kept open.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| HttpError::Tls(reasons(&error.without_url())))?;
        Ok(Self { client, base, concurrency, timeout: settings.timeout })
    }

    /// Whether a token would go over the network for everyone to read.
    #[must_use]
    pub fn is_readable_by_others(&self) -> bool {
        let loopback = self.base.host_str().is_some_and(|host| {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        });
        self.base.scheme() == "http" && !loopback
    }

    async fn list(&self) -> Result<Vec<Listed>, SurveyError> {
        let failed = |why: String| SurveyError(format!("list the servers of {}: {why}", self.base));
        let url = self.url("servers").ok_or_else(|| failed("no such address".into()))?;
        let body = self.get(url, LIST).await.map_err(|trouble| failed(trouble.to_string()))?;
        listed(&body).map_err(failed)
    }

    async fn ask(&self, listed: Listed) -> Report {
        let outcome = match &listed.address {
            Ok(address) => self.sample(*address).await,
            Err(why) => Err(Trouble::Failed(why.clone())),
        };
        let outcome = outcome.map(|mut sample| {
            if listed.times > 1 {
                sample.remarks.push(format!("listed {} times", listed.times));
            }
            sample
        });
        Report { server: listed.name, outcome, sampled: None }
    }

    async fn sample(&self, address: IpAddr) -> Result<crate::domain::health::Sample, Trouble> {
        let url = self.url(&address.to_string()).ok_or_else(|| Trouble::Failed("no such address".into()))?;
        let body = self.get(url, ANSWER).await?;
        sample(&body).map_err(Trouble::Failed)
    }

    fn url(&self, last: &str) -> Option<Url> {
        let mut url = self.base.clone();
        url.path_segments_mut().ok()?.pop_if_empty().push(last);
        Some(url)
    }

    /// The body of an answer, whole or not at all.
    async fn get(&self, url: Url, limit: usize) -> Result<Vec<u8>, Trouble> {
        let failed = |error: reqwest::Error| {
            if error.is_timeout() {
                Trouble::Late(self.timeout)
            } else {
                Trouble::Failed(reasons(&error.without_url()))
            }
        };
        let mut response = self.client.get(url).send().await.map_err(failed)?;
        let status = response.status();
        if !status.is_success() {
            return Err(Trouble::Failed(format!("HTTP {status}")));
        }
        let mut body = Vec::new();
        while let Some(bytes) = response.chunk().await.map_err(failed)? {
            if body.len() + bytes.len() > limit {
                return Err(Trouble::Failed(format!("the answer has more than {limit} bytes")));
            }
            body.extend_from_slice(&bytes);
        }
        Ok(body)
    }
}

impl HealthProvider for ControlPlane {
    fn survey(&self) -> BoxFuture<'_, Result<Vec<Report>, SurveyError>> {
        Box::pin(async move {
            let listed = self.list().await?;
            // In the order of the list, whoever answers first.
            let reports = futures_util::stream::iter(listed.into_iter().map(|listed| self.ask(listed)));
            Ok(reports.buffered(self.concurrency).collect().await)
        })
    }
}

fn base(text: &str) -> Result<Url, HttpError> {
    let wrong = |why: &str| HttpError::Url(why.to_owned());
    // Never repeated: there may be a password in it.
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
        return Err(wrong("it must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("no name or password may stand in it; a token comes from the environment or a file"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it must end with its path: no ? and no #"));
    }
    Ok(url)
}

/// An error with its causes, in one printable line.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    plain(&text, LINE)
}

/// Bytes of a list: more than [`answer::SERVERS`] addresses need.
const LIST: usize = 1 << 20;

/// Bytes of a server's answer, which has some sixty.
const ANSWER: usize = 16 << 10;

/// Characters of a line about an error.
const LINE: usize = 300;

/// Names with their number, so that each is asked once.
type Seen = BTreeMap<IpAddr, usize>;
