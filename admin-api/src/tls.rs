//! TLS, where a certificate is configured: TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

use crate::config::TlsConfig;

/// How long a client may take to agree on a key.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Clients that agree on a key at once; others wait.
const HANDSHAKES: usize = 256;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One of the two files is not named.
    #[error("{given} is given without {missing}: TLS takes both, and without both there is none")]
    Half {
        /// The option that is there.
        given: &'static str,
        /// The option that is not.
        missing: &'static str,
    },
    /// A file cannot be read, or holds no PEM of the kind.
    #[error("cannot read {what} from {}: {source}", file.display())]
    File {
        /// What it is read for.
        what: &'static str,
        /// Which file.
        file: PathBuf,
        /// What the parser says.
        source: pem::Error,
    },
    /// The file holds no certificate.
    #[error("{} holds no certificate", .0.display())]
    NoCertificate(PathBuf),
    /// Certificate and key do not go together, or one is of a kind that is not known.
    #[error("certificate {} cannot be used: {source}", file.display())]
    Unusable {
        /// File of the certificate.
        file: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
}

/// What encrypts connections: made of two files, and made again of them when asked.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    acceptor: RwLock<TlsAcceptor>,
}

impl Tls {
    /// What the settings ask for; none where they name no file.
    pub fn new(config: &TlsConfig) -> Result<Option<Self>, TlsError> {
        let (certificate, key) = match (&config.certificate, &config.key) {
            (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
            (None, None) => return Ok(None),
            (Some(_), None) => {
                return Err(TlsError::Half { given: "--tls-certificate", missing: "--tls-key" });
            }
            (None, Some(_)) => {
                return Err(TlsError::Half { given: "--tls-key", missing: "--tls-certificate" });
            }
        };
        let acceptor = RwLock::new(acceptor(&certificate, &key)?);
        Ok(Some(Self { certificate, key, acceptor }))
    }

    /// Reads the files again. Connections that are open keep what they have; when the files cannot be used, so do new ones.
    pub fn reload(&self) -> Result<(), TlsError> {
        let read = acceptor(&self.certificate, &self.key)?;
        *self.acceptor.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }

    fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let chain = certificates(certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(unread("the certificate's key", key))?;
    let unusable = |source| TlsError::Unusable { file: certificate.to_owned(), source };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What trusts those alone for whom a certificate in this file vouches.
pub fn trusting(authorities: &Path) -> Result<ClientConfig, TlsError> {
    let chain = certificates(authorities)?;
    let unusable = |source| TlsError::Unusable { file: authorities.to_owned(), source };
    let mut roots = RootCertStore::empty();
    for certificate in chain {
        roots.add(certificate).map_err(unusable)?;
    }
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// All certificates of a file, at least one.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(unread("the certificate", file))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(file.to_owned()));
    }
    Ok(chain)
}

fn unread(what: &'static str, file: &Path) -> impl FnOnce(pem::Error) -> TlsError {
    let file = file.to_owned();
    move |source| TlsError::File { what, file, source }
}

/// Tells browsers to come back by TLS alone, for a year.
pub fn insist(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    response
}

/// Hands on connections once they are encrypted, so that a slow handshake holds up nobody else.
pub struct TlsListener {
    address: SocketAddr,
    encrypted: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl TlsListener {
    /// Listens until it is dropped.
    pub fn new(listener: TcpListener, tls: Arc<Tls>) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, encrypted) = mpsc::channel(1);
        tokio::spawn(accept(listener, tls, sender));
        Ok(Self { address, encrypted })
    }
}

async fn accept(
    mut listener: TcpListener,
    tls: Arc<Tls>,
    sender: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let places = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (stream, address) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = sender.closed() => return,
        };
        let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.acceptor().accept(stream));
        let sender = sender.clone();
        tokio::spawn(async move {
            match handshake.await {
                // Nobody takes it any more when the service stops.
                Ok(Ok(stream)) => drop(sender.send((stream, address)).await),
                Ok(Err(error)) => tracing::debug!(%address, "no handshake: {error}"),
                Err(_) => tracing::debug!(%address, "no handshake within {HANDSHAKE_TIMEOUT:?}"),
            }
            drop(place);
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.encrypted.recv().await {
            Some(accepted) => accepted,
            // It ends after this only.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}
