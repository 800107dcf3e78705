//! Whether the host is there, and coming back to it.

use steadfast::client::ClientError;
use steadfast::domain::boot::BootComparison;
use steadfast::domain::diagnosis::Cause;

use crate::bench::{Bench, connect, soon};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_alive_as_long_as_it_answers() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    assert!(soon(client.is_alive()).await);
    bench.proxy.stall();
    assert!(!soon(client.is_alive()).await, "nobody answers");
    bench.proxy.resume();
    assert!(soon(client.is_alive()).await, "the connection stood all the time");
    bench.sshd.kill_sessions();
    assert!(!soon(client.is_alive()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_comes_back_when_sshd_does() {
    let Some(mut bench) = Bench::new() else { return };
    let mut client = bench.connect().await;
    assert_eq!(soon(client.check_for_reboot()).await.unwrap(), BootComparison::Same);
    bench.sshd.stop();
    let error = soon(client.reconnect(2)).await.expect_err("sshd is away");
    assert!(matches!(error, ClientError::Dial(_)) && error.is_lost() && !error.is_refusal(), "{error:?}");
    assert!(!soon(client.is_alive()).await);
    let error = soon(client.check_for_reboot()).await.expect_err("sshd is away");
    assert!(matches!(error, ClientError::Lost(_)), "{error:?}");
    bench.sshd.restart();
    assert_eq!(soon(client.reconnect(5)).await.unwrap(), 1);
    assert!(soon(client.is_alive()).await);
    assert_eq!(soon(client.check_for_reboot()).await.unwrap(), BootComparison::Same);
    // And while it stands.
    assert_eq!(soon(client.reconnect(0)).await.unwrap(), 1);
    assert!(soon(client.is_alive()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_go_on_until_sshd_is_back() {
    let Some(mut bench) = Bench::new() else { return };
    let mut client = bench.connect().await;
    bench.sshd.stop();
    let back = async {
        // The second attempt is on its way, or was made.
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        bench.sshd.restart();
    };
    let (attempts, ()) = soon(async { tokio::join!(client.reconnect(u32::MAX), back) }).await;
    assert!(attempts.unwrap() >= 1);
    assert!(soon(client.is_alive()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_final_at_once() {
    let Some(bench) = Bench::new() else { return };
    let mut client = bench.connect().await;
    std::fs::write(bench.sshd.dir().join("authorized_keys"), "").unwrap();
    let error = soon(client.reconnect(u32::MAX)).await.expect_err("the key was taken away");
    assert!(matches!(&error, ClientError::Dial(why) if matches!(why.cause, Cause::AuthRefused { .. })), "{error:?}");
    assert!(error.is_refusal() && !error.is_lost());

    let unknown = connect(&bench.config("")).await.err().expect("nobody knows its key");
    assert!(unknown.is_refusal(), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_to_connect_to_has_to_be_clear() {
    let Some(bench) = Bench::new() else { return };
    let config = bench.config("");
    let error = soon(steadfast::client::Client::connect_alias("-oProxyCommand=x", Some(&config))).await.err().unwrap();
    assert!(matches!(error, ClientError::Name(_)), "{error:?}");
    std::fs::write(&config, "Host h1\n Port many\n").unwrap();
    let error = connect(&config).await.err().unwrap();
    assert!(matches!(error, ClientError::Resolve(_)) && !error.is_lost(), "{error:?}");
}
