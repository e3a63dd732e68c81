//! TLS: real handshakes with the program, over certificates that are made on the spot.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use botdet_tests::{OwnServer, Sql};
use http_body_util::BodyExt;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::{Client, NOWHERE, Program, Service, failing_program};

/// A folder with a certificate for localhost and its key.
struct Files(PathBuf);

impl Files {
    fn new(hint: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("botdet-tls-{}-{hint}", std::process::id()));
        fs::create_dir_all(&directory).expect("there is room for temporary files");
        let files = Self(directory);
        files.renew();
        files
    }

    /// Puts another certificate in the place of the one there is.
    fn renew(&self) {
        let made =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate can be made");
        fs::write(self.certificate(), made.cert.pem()).expect("temporary files can be written");
        fs::write(self.key(), made.signing_key.serialize_pem()).expect("temporary files can be written");
    }

    fn certificate(&self) -> PathBuf {
        self.0.join("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.0.join("key.pem")
    }

    fn variables(&self) -> [(&'static str, String); 2] {
        [("BOTDET_TLS_CERTIFICATE", text(&self.certificate())), ("BOTDET_TLS_KEY", text(&self.key()))]
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Connects, trusting this certificate alone, and offering this protocol alone.
async fn connect(
    address: SocketAddr,
    trusted: &[u8],
    protocol: &[u8],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted).expect("it is PEM")).expect("it is a certificate");
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows the versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from("localhost").expect("it is a name");
    TlsConnector::from(Arc::new(config)).connect(name, TcpStream::connect(address).await?).await
}

fn request() -> Request<Body> {
    Request::get("https://localhost/livez")
        .header("host", "localhost")
        .body(Body::empty())
        .expect("it is a request")
}

async fn over_http1(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> (u16, String) {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1 is spoken");
    tokio::spawn(connection);
    read(sender.send_request(request()).await.expect("it answers")).await
}

async fn over_http2(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> (u16, String) {
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2 is spoken");
    tokio::spawn(connection);
    read(sender.send_request(request()).await.expect("it answers")).await
}

async fn read(answer: hyper::Response<hyper::body::Incoming>) -> (u16, String) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    let body = answer.into_body().collect().await.expect("the answer is whole").to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[test]
fn both_versions_of_http_are_spoken_over_tls_and_nothing_else() {
    let files = Files::new("protocols");
    let program = Program::start(NOWHERE, &files.variables());
    let trusted = fs::read(files.certificate()).expect("it can be read");
    let live = (200, "{\"status\":\"live\"}".to_owned());
    Runtime::new().expect("a runtime can be made").block_on(async {
        let stream = connect(program.address, &trusted, b"http/1.1").await.expect("the handshake succeeds");
        assert_eq!(over_http1(stream).await, live);
        let stream = connect(program.address, &trusted, b"h2").await.expect("the handshake succeeds");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
        assert_eq!(over_http2(stream).await, live);
        // Who trusts somebody else gets no connection.
        let other = Files::new("other");
        let other = fs::read(other.certificate()).expect("it can be read");
        connect(program.address, &other, b"h2").await.expect_err("the certificate is not trusted");
    });
    let plain = Client { address: program.address, token: None }.get("/livez");
    assert_ne!(plain.status, 200, "{}", plain.body);
}

/// Clients that connect and say nothing hold up nobody.
#[test]
fn slow_handshakes_hold_up_nobody() {
    let files = Files::new("slow");
    let program = Program::start(NOWHERE, &files.variables());
    let trusted = fs::read(files.certificate()).expect("it can be read");
    let _silent: Vec<_> =
        (0..50).map(|_| std::net::TcpStream::connect(program.address).expect("it accepts")).collect();
    let begin = Instant::now();
    Runtime::new().expect("a runtime can be made").block_on(async {
        let stream = connect(program.address, &trusted, b"http/1.1").await.expect("the handshake succeeds");
        assert_eq!(over_http1(stream).await.0, 200);
    });
    assert!(begin.elapsed() < Duration::from_secs(5), "took {:?}", begin.elapsed());
    assert!(program.stop() < Duration::from_secs(10));
}

#[test]
fn a_renewed_certificate_comes_into_use_at_sighup() {
    let files = Files::new("renewed");
    let mut program = Program::start(NOWHERE, &files.variables());
    let first = fs::read(files.certificate()).expect("it can be read");
    let runtime = Runtime::new().expect("a runtime can be made");
    let works = |trusted: &[u8]| runtime.block_on(connect(program.address, trusted, b"h2")).is_ok();
    assert!(works(&first));

    files.renew();
    let second = fs::read(files.certificate()).expect("it can be read");
    assert!(works(&first) && !works(&second), "nothing changes unasked");
    program.signal("HUP");
    program.wait_for("the certificate was read again");
    let works = |trusted: &[u8]| runtime.block_on(connect(program.address, trusted, b"h2")).is_ok();
    assert!(!works(&first) && works(&second));

    // What cannot be used changes nothing, and is said.
    fs::write(files.key(), "no key").expect("temporary files can be written");
    program.signal("HUP");
    program.wait_for("stays in use");
    assert!(runtime.block_on(connect(program.address, &second, b"h2")).is_ok());
}

/// The database, too: encrypted, and only with who is vouched for.
#[test]
fn the_database_is_spoken_with_over_tls_where_that_is_configured() {
    // An address of this process's own within the loopback network: the port is the same for all.
    let [.., high, low] = std::process::id().to_be_bytes();
    let address = format!("127.54.{high}.{low}");
    let mut server = OwnServer::start(&format!("listen_addresses = '{address}'"));
    let mut owner = server.connect("postgres");
    let data: String = owner.value("SELECT current_setting('data_directory')", &[]);
    let made = rcgen::generate_simple_self_signed([address.clone()]).expect("a certificate can be made");
    let account = fs::metadata(&data).expect("the server's data are on this machine");
    for (file, content) in [("server.crt", made.cert.pem()), ("server.key", made.signing_key.serialize_pem())]
    {
        let path = Path::new(&data).join(file);
        fs::write(&path, content).expect("it can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it can be kept from others");
        chown(&path, Some(account.uid()), Some(account.gid())).expect("it can be given to the server");
    }
    owner.run("ALTER SYSTEM SET ssl = on");
    owner.run("SELECT pg_reload_conf(); CREATE EXTENSION botdet; CREATE ROLE service LOGIN; GRANT botdet_service TO service");

    let files = Files::new("database");
    let authority = files.0.join("authority.pem");
    fs::write(&authority, made.cert.pem()).expect("temporary files can be written");
    let url = format!("postgresql://service@{address}/postgres");
    let service = Service::start(&url, &["--database-ca", &text(&authority)]);
    service.stranger().get("/readyz").with(200);
    let encrypted: Vec<bool> = owner.column(
        "SELECT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a ON a.pid = s.pid WHERE a.application_name = 'botdet-admin-api'",
        &[],
    );
    assert_eq!(encrypted, [true]);

    let other = Service::start(&url, &["--database-ca", &text(&files.certificate())]);
    other.stranger().get("/readyz").problem(503, "database_unreachable");
    let said = failing_program(&[("DATABASE_URL", format!("{url}?sslmode=require"))]);
    assert!(said.contains("--database-ca must name"), "{said}");
    drop(owner);
    server.stop();
}

#[test]
fn half_a_configuration_is_refused() {
    let files = Files::new("half");
    let [certificate, key] = files.variables();
    let refused = |variables: &[(&'static str, String)], expected: &str| {
        let said = failing_program(variables);
        assert!(said.contains(expected), "{said}");
    };
    refused(std::slice::from_ref(&certificate), "--tls-certificate is given without --tls-key");
    refused(std::slice::from_ref(&key), "--tls-key is given without --tls-certificate");
    refused(
        &[certificate.clone(), ("BOTDET_TLS_KEY", "/nonexistent".to_owned())],
        "cannot read the certificate's key from /nonexistent",
    );
    let other = Files::new("half-other");
    refused(&[certificate, ("BOTDET_TLS_KEY", text(&other.key()))], "cannot be used: ");
    fs::write(files.certificate(), "").expect("temporary files can be written");
    refused(&files.variables(), "holds no certificate");
}
