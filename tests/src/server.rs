//! The server under test.

use postgres::{Client, Config, NoTls};

/// The server's connection settings, whatever database they name.
///
/// # Panics
/// Without `DATABASE_URL`: a test that needs a server fails, and is never skipped.
#[must_use]
pub fn config() -> Config {
    let url = std::env::var("DATABASE_URL")
        .expect("DATABASE_URL must name a server to test against: `make up` prints it, `make test` sets it");
    url.parse().unwrap_or_else(|error| unreachable!("DATABASE_URL is not a connection string: {error}"))
}

/// Connects to a database of the server.
///
/// # Panics
/// When the server refuses.
#[must_use]
pub fn connect(database: &str) -> Client {
    connect_with(config().dbname(database))
}

/// Connects with these settings.
///
/// # Panics
/// When the server refuses.
#[must_use]
pub fn connect_with(config: &Config) -> Client {
    config
        .connect(NoTls)
        .unwrap_or_else(|error| unreachable!("cannot connect to {:?}: {error}", config.get_dbname()))
}

/// Path of ONNX Runtime's library.
///
/// # Panics
/// Without `ORT_DYLIB_PATH`.
#[must_use]
pub fn onnxruntime_library() -> String {
    std::env::var("ORT_DYLIB_PATH").expect(
        "ORT_DYLIB_PATH must be the path of libonnxruntime.so: `make setup` fetches it, `make test` sets it",
    )
}
