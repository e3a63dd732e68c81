//! Serving until the process is told to stop.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Serves `routes` on `listener` until SIGTERM or SIGINT, which `stop` is told. Requests under way are finished, within `grace`; what is
/// left then, mostly clients that hold their connections open, is cut.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    grace: Duration,
    stop: watch::Sender<bool>,
) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut stopped = stop.subscribe();
    let mut deadline = stopped.clone();

    tracing::info!(address = %listener.local_addr()?, "listening");
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stop.send_replace(true);
    });

    let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, routes).with_graceful_shutdown(async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    });
    tokio::select! {
        ended = server.into_future() => ended?,
        () = async {
            let _ = deadline.wait_for(|stop| *stop).await;
            tokio::time::sleep(grace).await;
        } => tracing::warn!("connections were still open, and are cut"),
    }
    tracing::info!("stopped");
    Ok(())
}
