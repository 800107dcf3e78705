//! Questions that only the operator can answer: passphrases, passwords, what a server asks. They wait
//! their turn, never cover what is being typed elsewhere, and take no key in their first moment, so
//! that nothing meant for another place is sent to a server.

use std::collections::VecDeque;
use std::time::Duration;

use secrecy::SecretString;

use super::key::{Code, Key};
use super::line::Line;
use crate::domain::id::HostId;
use crate::domain::moment::Mono;

/// One question; `id` names it in the answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    pub id: u64,
    pub host: HostId,
    pub kind: Kind,
    /// May come from a server.
    pub text: String,
    /// Whether what is typed may be shown.
    pub echo: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Passphrase,
    Password,
    KeyboardInteractive,
}

impl Kind {
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Passphrase => "Passphrase of a key",
            Self::Password => "Password",
            Self::KeyboardInteractive => "The server asks",
        }
    }
}

/// Those not yet answered, the one to be answered first.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    waiting: VecDeque<Question>,
    pub line: Line,
    shown_since: Option<Mono>,
}

/// What a key did.
#[derive(Debug)]
pub enum Answered {
    NotYet,
    /// `None`: the operator will not answer.
    With(u64, Option<SecretString>),
}

impl Questions {
    /// Puts one at the end. One beyond [`MOST`] is not taken: it counts as not answered.
    pub fn ask(&mut self, question: Question) -> bool {
        let room = self.waiting.len() < MOST;
        if room {
            self.waiting.push_back(question);
        }
        room
    }

    /// Whoever asked no longer waits.
    pub fn withdraw(&mut self, id: u64) {
        if self.waiting.front().is_some_and(|front| front.id == id) {
            self.next();
        } else {
            self.waiting.retain(|question| question.id != id);
        }
    }

    #[must_use]
    pub fn front(&self) -> Option<&Question> {
        self.waiting.front()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Told after every message whether the first one can be seen now.
    pub fn set_shown(&mut self, shown: bool, now: Mono) {
        if !shown {
            self.shown_since = None;
        } else if self.shown_since.is_none() {
            self.shown_since = Some(now);
        }
    }

    /// A key for the question that is shown.
    pub fn handle_key(&mut self, key: Key, now: Mono) -> Answered {
        let settled = self.shown_since.is_some_and(|since| now.since(since) >= SETTLE);
        let Some(question) = self.waiting.front().filter(|_| settled) else { return Answered::NotYet };
        let id = question.id;
        let answer = if key.code == Code::Enter {
            Some(SecretString::from(self.line.text()))
        } else if key.code == Code::Esc {
            None
        } else {
            self.line.handle_key(key);
            return Answered::NotYet;
        };
        self.next();
        Answered::With(id, answer)
    }

    fn next(&mut self) {
        self.waiting.pop_front();
        self.line = Line::default();
        self.shown_since = None;
    }
}

/// As many as connections are dialled at once; more than that nobody answers in time.
const MOST: usize = 32;

/// A key pressed this soon after the question came up was meant for something else.
const SETTLE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn question(id: u64) -> Question {
        let host = HostId::parse("h").expect("a name");
        Question { id, host, kind: Kind::Password, text: "password".into(), echo: false }
    }

    fn at(millis: u64) -> Mono {
        Mono(Duration::from_millis(millis))
    }

    #[test]
    fn keys_of_the_first_moment_were_meant_for_something_else() {
        let mut questions = Questions::default();
        questions.ask(question(1));
        questions.set_shown(true, at(0));
        for key in [Key::char('j'), Key::of(Code::Enter)] {
            assert!(matches!(questions.handle_key(key, at(499)), Answered::NotYet));
        }
        assert!(matches!(questions.handle_key(Key::char('s'), at(500)), Answered::NotYet));
        let Answered::With(1, Some(secret)) = questions.handle_key(Key::of(Code::Enter), at(600)) else {
            panic!("not answered");
        };
        assert_eq!(secret.expose_secret(), "s");
        assert!(questions.is_empty() && questions.line.text().is_empty());
    }

    #[test]
    fn a_question_withdrawn_takes_what_was_typed_along() {
        let mut questions = Questions::default();
        questions.ask(question(1));
        questions.ask(question(2));
        questions.set_shown(true, at(0));
        questions.handle_key(Key::char('s'), at(900));
        questions.withdraw(1);
        assert_eq!(questions.front().map(|q| q.id), Some(2));
        assert!(questions.line.text().is_empty(), "the secret of one host is never offered to another");
        questions.withdraw(2);
        assert!(questions.is_empty());
    }
}
