//! The program `botdet-admin-api`: reads the settings, binds, serves until it is told to stop; or makes tokens.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use botdet_admin_api::app::App;
use botdet_admin_api::config::{Command, Config};
use botdet_admin_api::learning::Learner;
use botdet_admin_api::telemetry::Telemetry;
use botdet_admin_api::tls::Tls;
use botdet_admin_api::{database, logging, router, server, tokens, webhooks};
use clap::Parser;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Config::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            eprintln!("error: {error}{cause}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> Result<(), Box<dyn Error>> {
    let telemetry = Telemetry::new(&config.telemetry)?;
    logging::init(&config.log, telemetry.as_ref())?;
    // Connections are made on demand: the service starts, and answers /livez, while the database is still away.
    let pool = database::pool(&config.database, config.service.request_timeout())?;
    if let Some(Command::Token(command)) = config.command {
        println!("{}", tokens::run(&pool, command).await?);
        return Ok(());
    }
    let tls = Tls::new(&config.tls)?;
    if tls.is_none() && !config.service.behind_tls && !config.service.listen.ip().is_loopback() {
        tracing::warn!(address = %config.service.listen, "tokens pass in the clear: give a certificate, or say --behind-tls");
    }
    let app = App::new(pool, &config);
    let stopping = app.stopping.clone();
    if !config.jobs.no_jobs {
        tokio::spawn(webhooks::deliver(app.pool.clone(), stopping.subscribe()));
    }
    let routes = router::router(app);
    let listener = TcpListener::bind(config.service.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", config.service.listen))?;
    let learner =
        Learner::start(&config.jobs, database::connection(&config.database)?, stopping.subscribe())?;
    server::serve(listener, tls, routes, config.service.stop_grace(), stopping).await?;
    learner.wait(Duration::from_secs(1));
    if let Some(telemetry) = telemetry {
        telemetry.stop().await;
    }
    Ok(())
}
