//! The program `botdet-admin-api`: reads the settings, binds, serves until it is told to stop.

use std::error::Error;
use std::process::ExitCode;

use botdet_admin_api::config::Config;
use botdet_admin_api::{database, logging, router, server};
use clap::Parser;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Config::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> Result<(), Box<dyn Error>> {
    logging::init(&config.log)?;
    // Connections are made on demand: the service starts, and answers /livez, while the database is still away.
    let pool = database::pool(&config.database, config.service.request_timeout())?;
    let routes = router::router(pool, config.service.request_timeout());
    let listener = TcpListener::bind(config.service.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", config.service.listen))?;
    server::serve(listener, routes, config.service.request_timeout()).await?;
    Ok(())
}
