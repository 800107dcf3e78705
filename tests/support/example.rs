// What the examples of `Client` have in common, included by each of them: a host of the simulated
// fleet, and a connection with it.

/// Runs an example; what goes wrong in it fails its test.
#[cfg(feature = "demo")]
pub fn example(body: impl AsyncFnOnce(&mut steadfast::client::Client) -> Result<(), Box<dyn std::error::Error>>) {
    use std::sync::Arc;

    let live_through = async {
        let clock = Arc::new(steadfast::clock::SystemClock);
        let fleet = steadfast::demo::DemoFleet::start(&steadfast::demo::FleetOptions::calm(clock.clone()))?;
        let directory = tempfile::tempdir()?;
        let connector = fleet.connector(directory.path(), Arc::new(steadfast::port::NoPrompt), clock)?;
        let host = steadfast::domain::id::HostId::parse("atlas-01")?;
        let mut client = steadfast::client::Client::connect(Arc::new(connector), host).await?;
        let limit = std::time::Duration::from_secs(60);
        tokio::time::timeout(limit, body(&mut client)).await?
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome: Result<(), Box<dyn std::error::Error>> = runtime.unwrap().block_on(live_through);
    outcome.unwrap();
}

#[cfg(not(feature = "demo"))]
pub fn example(_: impl AsyncFnOnce(&mut steadfast::client::Client) -> Result<(), Box<dyn std::error::Error>>) {}
