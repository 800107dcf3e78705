//! Passwords and questions. OpenSSH takes them only from system accounts, so the server here is
//! russh's, in this process.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::PrivateKey;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::server::{Auth, Config, Handler, Response, run_stream};
use russh::{MethodKind, MethodSet};
use steadfast::domain::diagnosis::Cause;
use steadfast::port::{Connector, PromptKind, Prompter};
use steadfast::ssh::Environment;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::bench::{Answers, connector_with, host, soon, target};

const SECRET: &str = "open sesame";

struct Asks;

impl Handler for Asks {
    type Error = russh::Error;

    async fn auth_password(&mut self, _user: &str, password: &str) -> Result<Auth, russh::Error> {
        Ok(if password == SECRET { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        Ok(match response {
            None => Auth::Partial {
                name: "Token".into(),
                instructions: "look at \u{1b}[31myour device".into(),
                prompts: Cow::Owned(vec![("Code: ".into(), true), ("PIN: ".into(), false)]),
            },
            Some(mut answers) => {
                if answers.all(|answer| answer == SECRET.as_bytes()) {
                    Auth::Accept
                } else {
                    Auth::reject()
                }
            }
        })
    }
}

/// Dials a server that takes `method` only.
async fn dial(method: MethodKind, prompter: Arc<dyn Prompter>) -> Result<(), Cause> {
    let key = PrivateKey::new(KeypairData::from(Ed25519Keypair::from_seed(&[7; 32])), "").unwrap();
    let public = key.public_key().to_openssh().unwrap();
    let config = Arc::new(Config {
        keys: vec![key],
        methods: MethodSet::from(&[method][..]),
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        ..Config::default()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let known = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(known.path(), format!("[127.0.0.1]:{port} {public}\n")).unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        if let Ok(session) = run_stream(config, stream, Asks).await {
            let _ = session.await;
        }
    });
    let connector = connector_with([target("host", port, None, known.path())], prompter, Environment::default());
    soon(connector.dial(&host("host"))).await.map(|_| ()).map_err(|error| error.cause)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_password_lets_us_in() {
    let answers = Answers::new(Some(SECRET));
    assert_eq!(dial(MethodKind::Password, answers.clone()).await, Ok(()));
    assert_eq!(answers.count(), 1);
    assert_eq!(answers.questions.lock().unwrap()[0].kind, PromptKind::Password);
    let wrong = Answers::new(Some("wrong"));
    let refused = dial(MethodKind::Password, wrong.clone()).await;
    assert!(matches!(&refused, Err(Cause::AuthRefused { tried, .. }) if tried == &["password"]), "{refused:?}");
    assert_eq!(wrong.count(), 1, "a refused password is not tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_questions_are_passed_on_in_clean_words() {
    let answers = Answers::new(Some(SECRET));
    assert_eq!(dial(MethodKind::KeyboardInteractive, answers.clone()).await, Ok(()));
    let asked = answers.questions.lock().unwrap();
    assert_eq!(asked.iter().map(|prompt| prompt.echo).collect::<Vec<_>>(), [true, false]);
    assert!(asked.iter().all(|prompt| prompt.kind == PromptKind::KeyboardInteractive));
    assert_eq!(asked[0].text, "Token look at [31myour device Code:");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_operator_nothing_is_sent() {
    for method in [MethodKind::Password, MethodKind::KeyboardInteractive] {
        let refused = dial(method, Answers::new(None)).await;
        let Err(Cause::AuthRefused { offered, .. }) = &refused else { panic!("{refused:?}") };
        assert_eq!(offered, &[<&str>::from(&method)]);
    }
}
