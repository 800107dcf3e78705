//! Can we reach this host? One pure machine per host.

mod settings;
mod state;

pub use settings::LinkSettings;
pub use state::LinkState;
