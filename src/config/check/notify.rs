//! What the operator is called for.

use crate::config::file;
use crate::domain::alert::{AlertKind, AlertSettings, Desktop};

pub(super) fn notify(written: &file::Notify) -> AlertSettings {
    let usual = AlertSettings::default();
    let kind = |kind: &crate::config::value::At<file::NotifyOn>| match kind.value() {
        file::NotifyOn::Lost => AlertKind::Lost,
        file::NotifyOn::Refused => AlertKind::Refused,
        file::NotifyOn::Rebooted => AlertKind::Rebooted,
        file::NotifyOn::RunFailed => AlertKind::RunFailed,
    };
    AlertSettings {
        bell: written.bell.as_ref().map_or(usual.bell, |bell| *bell.value()),
        desktop: written.desktop.as_ref().map_or(usual.desktop, |desktop| match desktop.value() {
            file::NotifyDesktop::Off => Desktop::Off,
            file::NotifyDesktop::Osc9 => Desktop::Osc9,
            file::NotifyDesktop::Osc777 => Desktop::Osc777,
        }),
        on: written.on.as_ref().map_or(usual.on, |on| on.value().iter().map(kind).collect()),
    }
}
