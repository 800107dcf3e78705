//! Whether a connection lives, judged by what is heard over it: a half-open one never says that it ended.

use std::time::Duration;

use crate::client::ClientError;
use crate::domain::diagnosis::Cause;
use crate::port::Session;

/// Completes when nothing was heard for [`SILENCE`], although the host was asked all along.
pub(super) async fn silence(session: &dyn Session) -> ClientError {
    let mut unanswered = 0;
    while unanswered < UNANSWERED {
        let heard = session.heard();
        // It is not the answer that counts but any byte, and only over a whole period: a caller whose
        // callback holds everything up must not take that for the host's silence.
        let ask = tokio::time::timeout(KEEPALIVE, session.ping());
        let (_, ()) = tokio::join!(ask, tokio::time::sleep(KEEPALIVE));
        unanswered = if session.heard() == heard { unanswered + 1 } else { 0 };
    }
    ClientError::Lost(Cause::Silent(SILENCE))
}

/// Whether the host can be heard within [`ALIVE_LIMIT`].
pub(super) async fn is_alive(session: &dyn Session) -> Result<(), ClientError> {
    let heard = session.heard();
    match tokio::time::timeout(ALIVE_LIMIT, session.ping()).await {
        Ok(answer) => Ok(answer.map(|_| ())?),
        Err(_) if session.heard() != heard => Ok(()),
        Err(_) => Err(ClientError::Lost(Cause::Silent(ALIVE_LIMIT))),
    }
}

/// A quiet connection is asked for a sign of life this often (DESIGN §4).
const KEEPALIVE: Duration = Duration::from_secs(5);

/// Periods in a row in which nothing was heard.
const UNANSWERED: u32 = 3;

const SILENCE: Duration = Duration::from_secs(15);

/// A host that needs longer for a ping is not of use.
const ALIVE_LIMIT: Duration = Duration::from_secs(10);
