//! What the operator is called for, and who else is.

use super::{Context, is_variable_name, secret};
use crate::config::value::At;
use crate::config::{WebhookSettings, file};
use crate::domain::alert::{AlertKind, AlertSettings, Desktop};

pub(super) fn notify(written: &file::Notify) -> AlertSettings {
    let usual = AlertSettings::default();
    AlertSettings {
        bell: written.bell.as_ref().map_or(usual.bell, |bell| *bell.value()),
        desktop: written.desktop.as_ref().map_or(usual.desktop, |desktop| match desktop.value() {
            file::NotifyDesktop::Off => Desktop::Off,
            file::NotifyDesktop::Osc9 => Desktop::Osc9,
            file::NotifyDesktop::Osc777 => Desktop::Osc777,
        }),
        on: written.on.as_ref().map_or(usual.on, kinds),
    }
}

pub(super) fn webhook(written: &file::Notify, context: &mut Context<'_, '_>) -> Option<WebhookSettings> {
    let Some(url) = &written.webhook else {
        let without = [written.webhook_token_env.as_ref(), written.webhook_token_file.as_ref()];
        if let Some(token) = without.into_iter().flatten().next() {
            context.findings.add(token.span(), "a token without a webhook").help("add `webhook = \"https://…\"`");
        }
        return None;
    };
    let token_env = written.webhook_token_env.as_ref();
    if let Some(name) = token_env.filter(|name| !is_variable_name(name.value())) {
        let allowed = "letters, digits and `_`, no digit first";
        context.wrong_word(name.span(), name.value(), "name of a variable", allowed);
    }
    let token_file = context.path(written.webhook_token_file.as_ref());
    check(url, token_env.is_some() || token_file.is_some(), context);
    let on = written.webhook_on.as_ref().or(written.on.as_ref()).map_or(AlertKind::ALL.to_vec(), kinds);
    Some(WebhookSettings {
        url: url.value().clone(),
        token_env: token_env.map(|name| name.value().clone()),
        token_file,
        on,
    })
}

fn check(url: &At<String>, has_token: bool, context: &mut Context<'_, '_>) {
    let (scheme, rest) = url.value().split_once("://").unwrap_or(("", ""));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host =
        authority.rsplit_once(':').map_or(authority, |(host, port)| if port.contains(']') { authority } else { host });
    let loopback = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    if !["http", "https"].contains(&scheme) || host.is_empty() {
        context.findings.add(url.span(), "no http:// or https:// URL");
    } else if secret::has_password(authority) {
        context
            .findings
            .add(url.span(), "a password in the URL")
            .help("use `webhook_token_env` or `webhook_token_file`");
    } else if has_token && scheme == "http" && !loopback {
        context.findings.add(url.span(), "the token would go over the network for everyone to read").help("use https");
    }
}

fn kinds(written: &At<Vec<At<file::NotifyOn>>>) -> Vec<AlertKind> {
    let kind = |kind: &At<file::NotifyOn>| match kind.value() {
        file::NotifyOn::Lost => AlertKind::Lost,
        file::NotifyOn::Refused => AlertKind::Refused,
        file::NotifyOn::Rebooted => AlertKind::Rebooted,
        file::NotifyOn::RunFailed => AlertKind::RunFailed,
        file::NotifyOn::Alarm => AlertKind::Alarm,
    };
    written.value().iter().map(kind).collect()
}
