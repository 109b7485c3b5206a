//! Certificate validation: no valid certificate, no message.

use super::{cause, send};
use crate::support::certificate::{CERTIFICATE, KEY};
use crate::support::tcp_receiver::message;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Variable of the nested test run, in which the system trusts the certificate.
const TRUSTING: &str = "HANDSET_TEST_TRUSTS_ITS_RECEIVER";

#[tokio::test]
async fn a_self_signed_certificate_is_not_trusted() {
    let (port, answered) = secure_receiver().await;
    let outcome = send(&message(&format!("https://localhost:{port}/"))).await;
    assert_eq!(outcome.response_status, None);
    assert_eq!(cause(&outcome), "certificate not trusted: its issuer is unknown");
    assert!(!answered.await.expect("the receiver ends"), "no request is sent over an untrusted connection");
}

#[tokio::test]
async fn a_trusted_certificate_is_accepted_for_its_own_name_only() {
    if std::env::var_os(TRUSTING).is_none() {
        let trusted = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(trusted.path(), CERTIFICATE).expect("a file");
        let module = module_path!().trim_start_matches("it::");
        let name = format!("{module}::a_trusted_certificate_is_accepted_for_its_own_name_only");
        let run = tokio::process::Command::new(std::env::current_exe().expect("the path of the test program"))
            .args(["--exact", &name])
            .env(TRUSTING, "yes")
            .env("SSL_CERT_FILE", trusted.path())
            .output();
        let run = run.await.expect("the nested test run starts");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
        return;
    }
    let (port, answered) = secure_receiver().await;
    let outcome = send(&message(&format!("https://localhost:{port}/"))).await;
    assert!(outcome.is_delivered(), "{outcome:?}");
    assert!(answered.await.expect("the receiver ends"));

    let (port, answered) = secure_receiver().await;
    let outcome = send(&message(&format!("https://127.0.0.1:{port}/"))).await;
    assert_eq!(cause(&outcome), "certificate not trusted: it is for another name");
    assert!(!answered.await.expect("the receiver ends"));
}

/// Serves one message over TLS. Returns the port, and whether the message was received.
async fn secure_receiver() -> (u16, JoinHandle<bool>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).expect("a key");
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).expect("a certificate");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
        .expect("a server");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let answered = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return false };
        let mut start = [0; 5];
        stream.read_exact(&mut start).await.is_ok()
            && &start == b"POST "
            && stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_ok()
            && stream.flush().await.is_ok()
    });
    (port, answered)
}

#[tokio::test]
async fn a_receiver_without_tls_is_a_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let plain = tokio::spawn(async move {
        let (mut stream, _): (TcpStream, _) = listener.accept().await.expect("a connection");
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        std::future::pending::<()>().await;
    });
    let outcome = send(&message(&format!("https://localhost:{port}/"))).await;
    assert!(cause(&outcome).starts_with("no secure connection: "), "{outcome:?}");
    plain.abort();
}
