//! Where numbers of servers come from.

use futures_util::future::BoxFuture;

use crate::domain::health::Report;

/// Asks servers how they are.
pub trait HealthProvider: Send + Sync {
    /// Asks every server once, several at a time. What a server could not answer is in its report, so
    /// one that hangs or lies takes nothing from the others; an error is one of them all.
    /// Dropping the future ends the asking.
    fn survey(&self) -> BoxFuture<'_, Result<Vec<Report>, SurveyError>>;
}

/// Why nothing at all is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SurveyError(pub String);
