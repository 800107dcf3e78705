//! A webhook on loopback: one that takes everything, one that hangs, one that is down and comes back.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test: its servers end with its runtime")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use steadfast::notify::{Message, Patience, Target, Webhook, WebhookError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Head and body of what was posted.
type Posted = (String, serde_json::Value);

/// Answers each request with the next of `statuses`, then with the last for ever.
async fn server(listener: TcpListener, statuses: Vec<u16>, posted: mpsc::Sender<Posted>) {
    let mut statuses = statuses.into_iter().peekable();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let (head, length) = loop {
            stream.read_buf(&mut bytes).await.unwrap();
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8(bytes.drain(..end + 4).collect()).unwrap().to_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                break (head.clone(), length.parse::<usize>().unwrap());
            }
        };
        while bytes.len() < length {
            stream.read_buf(&mut bytes).await.unwrap();
        }
        let status = if statuses.len() > 1 { statuses.next() } else { statuses.peek().copied() }.unwrap();
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        posted.send((head, serde_json::from_slice(&bytes).unwrap())).await.unwrap();
    }
}

fn message(number: u64) -> Message {
    Message {
        event: "lost",
        host: format!("node{number}"),
        run: None,
        cause: Some("connect_timed_out".into()),
        time: "2026-11-25T03:00:00.000Z".into(),
        text: "lost: 3 hosts".into(),
        incident: Some(number),
    }
}

fn patience(attempts: u32) -> Patience {
    Patience { timeout: Duration::from_millis(300), pause: Duration::from_millis(5), attempts }
}

/// A webhook, and what it tells of its troubles.
fn start(url: String, token: Option<&str>, patience: Patience) -> (Webhook, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&told);
    let target = Target { url, token: token.map(SecretString::from), patience };
    (Webhook::start(&target, move |text| ear.lock().unwrap().push(text)).unwrap(), told)
}

const FOREVER: Duration = Duration::from_secs(60);

#[tokio::test]
async fn it_is_told_as_json_with_the_token_and_again_after_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook/s3cret", listener.local_addr().unwrap());
    let (posted_out, mut posted) = mpsc::channel(16);
    tokio::spawn(server(listener, vec![503, 429, 200], posted_out));
    let (webhook, told) = start(url, Some("bearer-of-news"), patience(4));
    webhook.send(message(7));
    webhook.close(FOREVER).await;
    for _ in 0..3 {
        let (head, body) = posted.recv().await.unwrap();
        assert!(
            head.starts_with("post /hook/s3cret ") && head.contains("authorization: bearer bearer-of-news"),
            "{head}"
        );
        let expected = serde_json::json!({
            "event": "lost", "host": "node7", "run": null, "cause": "connect_timed_out",
            "time": "2026-11-25T03:00:00.000Z", "text": "lost: 3 hosts", "incident": 7, "skipped": 0,
        });
        assert_eq!(body, expected);
    }
    assert!(posted.try_recv().is_err(), "taken once, sent no more");
    assert!(told.lock().unwrap().is_empty(), "what was mended by itself is no trouble");
}

#[tokio::test]
async fn one_that_hangs_holds_nobody_up_and_what_was_left_out_is_counted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook/s3cret", listener.local_addr().unwrap());
    let (webhook, told) = start(url, None, patience(2));
    for number in 0..200 {
        webhook.send(message(number));
    }
    // It takes connections and says nothing.
    let (first, _) = listener.accept().await.unwrap();
    let (second, _) = listener.accept().await.unwrap();
    let (_third, _) = listener.accept().await.unwrap();
    drop((first, second));
    {
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("no answer in time") && !told[0].contains("s3cret"), "{told:?}");
    }
    // Now it answers: the next message says how many are missing.
    let (posted_out, mut posted) = mpsc::channel(256);
    tokio::spawn(server(listener, vec![200], posted_out));
    let missing = loop {
        let (_, body) = posted.recv().await.unwrap();
        if body["skipped"] != 0 {
            break body["skipped"].as_u64().unwrap();
        }
    };
    assert!(missing >= 100, "{missing} of 200");
    webhook.close(FOREVER).await;
    assert!(told.lock().unwrap().last().unwrap().ends_with("takes messages again"));
}

#[tokio::test]
async fn one_that_is_down_is_given_up_and_one_that_refuses_is_not_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let down = listener.local_addr().unwrap();
    drop(listener);
    let (webhook, told) = start(format!("http://{down}/"), None, patience(3));
    webhook.send(message(1));
    webhook.send(message(2));
    webhook.close(FOREVER).await;
    assert_eq!(told.lock().unwrap().len(), 1, "said once: {told:?}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (posted_out, mut posted) = mpsc::channel(16);
    tokio::spawn(server(listener, vec![403], posted_out));
    let (webhook, told) = start(url, None, patience(4));
    webhook.send(message(1));
    webhook.close(FOREVER).await;
    assert!(posted.recv().await.is_some() && posted.try_recv().is_err(), "once is enough");
    assert!(told.lock().unwrap()[0].contains("403"));
}

#[tokio::test]
async fn what_cannot_be_a_webhook_is_refused_at_once() {
    for (url, token, error) in [
        ("ftp://x/", None, WebhookError::Url),
        ("nonsense", None, WebhookError::Url),
        ("http://127.0.0.1:1/", Some("two\nlines"), WebhookError::Token),
    ] {
        let target = Target { url: url.into(), token: token.map(SecretString::from), patience: patience(1) };
        assert_eq!(Webhook::start(&target, |_| {}).err(), Some(error), "{url}");
    }
}
