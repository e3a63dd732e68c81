//! Serving until the process is told to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::{Listener, ListenerExt};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::tls::{Tls, TlsListener};

/// Serves `routes` on `listener`, over TLS where that is given, until SIGTERM or SIGINT, which `stop` is told. Requests under
/// way are finished, within `grace`; what is left then, mostly clients that hold their connections open, is cut.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    routes: Router,
    grace: Duration,
    stop: watch::Sender<bool>,
) -> io::Result<()> {
    match tls {
        None => serve_on(listener, routes, grace, stop).await,
        Some(tls) => {
            let tls = Arc::new(tls);
            reload_when_told(Arc::clone(&tls))?;
            serve_on(TlsListener::new(listener, tls)?, routes, grace, stop).await
        }
    }
}

/// Reads the certificate again at each SIGHUP, which is how a renewed one comes into use.
fn reload_when_told(tls: Arc<Tls>) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match tls.reload() {
                Ok(()) => tracing::info!("the certificate was read again"),
                Err(error) => tracing::error!("the certificate that was read before stays in use: {error}"),
            }
        }
    });
    Ok(())
}

async fn serve_on<L>(
    listener: L,
    routes: Router,
    grace: Duration,
    stop: watch::Sender<bool>,
) -> io::Result<()>
where
    L: Listener<Addr = SocketAddr>,
{
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
    // The tap does nothing but to make any listener tell addresses.
    let server = axum::serve(listener.tap_io(|_| {}), routes).with_graceful_shutdown(async move {
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
