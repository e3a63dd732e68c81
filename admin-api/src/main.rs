//! The program `botdet-admin-api`: reads the settings, binds, serves until it is told to stop; or makes tokens.

use std::error::Error;
use std::process::ExitCode;

use botdet_admin_api::app::App;
use botdet_admin_api::config::{Command, Config};
use botdet_admin_api::telemetry::Telemetry;
use botdet_admin_api::tls::Tls;
use botdet_admin_api::{database, logging, router, server, tokens};
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
    let routes = router::router(App::new(pool, &config));
    let listener = TcpListener::bind(config.service.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", config.service.listen))?;
    server::serve(listener, tls, routes, config.service.stop_grace()).await?;
    if let Some(telemetry) = telemetry {
        telemetry.stop().await;
    }
    Ok(())
}
