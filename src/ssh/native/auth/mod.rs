//! Proving who we are, in OpenSSH's order: nothing, keys, keyboard-interactive, password.
//!
//! Nothing is retried: a refusal is the operator's business. Who is asked for a passphrase is asked
//! only after the server has said that it would take the key.

mod agent;
mod identities;
mod interactive;
mod key_ring;
mod publickey;
mod signer;

use russh::MethodKind;
use russh::client::{AuthResult, Handle};

use crate::domain::diagnosis::Cause;
use crate::ssh::ask::Asker;
use crate::ssh::ending::Ending;
use crate::ssh::environment::Environment;
use crate::ssh::resolve::Target;
use crate::ssh::text::{LINE, clean};

use self::key_ring::KeyError;
use super::guard::Guard;

pub(in crate::ssh) use key_ring::KeyRing;

/// With what, and for whom.
pub(super) struct Credentials<'a> {
    pub(super) target: &'a Target,
    pub(super) keys: &'a KeyRing,
    pub(super) environment: &'a Environment,
    pub(super) asker: &'a Asker,
    pub(super) ending: &'a Ending,
}

/// How it went so far.
struct Progress {
    /// What the server would take next.
    offered: Vec<MethodKind>,
    tried: Vec<String>,
    /// Keys that could not be used, and why.
    unusable: Vec<Unusable>,
    /// A key that the server would have taken could not be used, for this reason.
    missed: Option<Why>,
    /// A further factor is asked for.
    partial: bool,
    /// Nothing more can be tried on this connection.
    over: bool,
    success: Option<String>,
}

/// A key, or an agent, that is there and of no use.
struct Unusable {
    why: Why,
    text: String,
}

/// What the operator has to do about it is not the same; the most promising last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    Agent,
    File,
    Passphrase,
}

impl Why {
    fn of(error: &KeyError) -> Self {
        match error {
            KeyError::Unusable(_) => Self::File,
            KeyError::Declined | KeyError::WrongPassphrase => Self::Passphrase,
        }
    }

    fn cause(self, text: String) -> Cause {
        match self {
            Self::Agent => Cause::KeyUnusable(text),
            Self::File => Cause::KeyUnreadable(text),
            Self::Passphrase => Cause::PassphraseNeeded(text),
        }
    }
}

/// The way that worked, for people. The time limit is the caller's.
pub(super) async fn authenticate(handle: &mut Handle<Guard>, with: &Credentials<'_>) -> Result<String, Cause> {
    let mut progress = Progress {
        offered: Vec::new(),
        tried: Vec::new(),
        unusable: Vec::new(),
        missed: None,
        partial: false,
        over: false,
        success: None,
    };
    let user = with.target.user.clone();
    let probe = handle.authenticate_none(user).await;
    progress.note("none", probe.as_ref().ok());
    // Counts for nothing, with the server as here.
    progress.tried.clear();
    let mut identities = None;
    for _ in 0..FACTORS {
        progress.partial = false;
        if progress.wants(MethodKind::PublicKey) {
            if identities.is_none() {
                identities = Some(identities::collect(handle, with, &mut progress.unusable).await);
            }
            if let Some(identities) = identities.as_mut() {
                publickey::attempt(handle, with, identities, &mut progress).await;
            }
        }
        if progress.wants(MethodKind::KeyboardInteractive) && !handle.is_closed() {
            interactive::questions(handle, with, &mut progress).await;
        }
        if progress.wants(MethodKind::Password) && !handle.is_closed() {
            interactive::password(handle, with, &mut progress).await;
        }
        if progress.success.is_some() || !progress.partial {
            break;
        }
    }
    match progress.success.take() {
        Some(how) => Ok(how),
        None => Err(progress.cause(handle.is_closed(), with).await),
    }
}

impl Progress {
    fn wants(&self, method: MethodKind) -> bool {
        self.success.is_none() && !self.over && self.offered.contains(&method)
    }

    /// Notes an answer of the server; none when there is no server any more.
    fn note(&mut self, how: &str, answer: Option<&AuthResult>) {
        self.tried.push(clean(how, LINE));
        match answer {
            Some(AuthResult::Success) => self.success = Some(clean(how, LINE)),
            Some(AuthResult::Failure { remaining_methods, partial_success }) => {
                // Empty also when the connection has ended: then what was offered before is more use.
                if !remaining_methods.is_empty() {
                    self.offered = remaining_methods.to_vec();
                }
                self.partial |= partial_success;
            }
            None => {}
        }
    }

    async fn cause(self, ended: bool, with: &Credentials<'_>) -> Cause {
        let offered = self.offered.iter().map(|method| <&str>::from(method).to_owned()).collect();
        if ended {
            let cause = with.ending.wait().await.0;
            let too_many = "Too many authentication failures";
            let refused = matches!(&cause, Cause::AuthRefused { .. })
                || matches!(&cause, Cause::ClosedByPeer(why) if why.contains(too_many));
            if !refused {
                return cause;
            }
        }
        let untried = self.unusable.iter().map(|key| key.why).max().filter(|_| self.tried.is_empty());
        let unusable = self.unusable.into_iter().map(|key| key.text);
        if let Some(why) = self.missed.or(untried) {
            return why.cause(unusable.collect::<Vec<_>>().join("; "));
        }
        let mut tried = self.tried;
        tried.extend(unusable);
        Cause::AuthRefused { tried, offered }
    }
}

/// As many factors as a sane server asks for.
const FACTORS: usize = 4;
