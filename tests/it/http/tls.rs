//! TLS of the listener: its certificate, HSTS, and the reload of a certificate while serving. The second key below was
//! made for these tests only, too.

use crate::support::certificate::{CERTIFICATE, KEY};
use crate::support::client::Response;
use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, handset_in};
use crate::support::raw_http;
use crate::support::wait::until;
use crate::support::world::World;
use handset::server::{Certificate, ListenerConfig};
use nix::sys::signal::Signal;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, io};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const RENEWED_KEY: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVfR1rOhdtIv7BRmM\n\
l+Wr7sxWh44rLCqzu94g2cocABahRANCAASoS690EVucP95AVgmYoavwr8eABTdY\n\
8cC4VdCivTWUTsxVb3y0JhbxaUecNQlhOY/HOaHB2DmUdOiq8MMx+zU1\n\
-----END PRIVATE KEY-----";

/// Self-signed, for `localhost`, valid until 2126.
const RENEWED: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBwjCCAWigAwIBAgIUVdHXpU+VOMpbvbO1+toULcnokFEwCgYIKoZIzj0EAwIw\n\
LDEqMCgGA1UEAwwhcmVuZXdlZCBzZXJ2ZXIgaW4gSGFuZHNldCdzIHRlc3RzMCAX\n\
DTI2MTEyMjAxNDg0MFoYDzIxMjYxMDI5MDE0ODQwWjAsMSowKAYDVQQDDCFyZW5l\n\
d2VkIHNlcnZlciBpbiBIYW5kc2V0J3MgdGVzdHMwWTATBgcqhkjOPQIBBggqhkjO\n\
PQMBBwNCAASoS690EVucP95AVgmYoavwr8eABTdY8cC4VdCivTWUTsxVb3y0Jhbx\n\
aUecNQlhOY/HOaHB2DmUdOiq8MMx+zU1o2YwZDAdBgNVHQ4EFgQU5fI6mFygdBjU\n\
oVx4oRUDECc4VsEwHwYDVR0jBBgwFoAU5fI6mFygdBjUoVx4oRUDECc4VsEwFAYD\n\
VR0RBA0wC4IJbG9jYWxob3N0MAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0EAwIDSAAw\n\
RQIgPT8DmyBKgLYOV/7z2J7STK/rwxOmsSEGNexjTz90rwgCIQD9N2eeskEzuD3K\n\
LE10HyWFzyFvqri+lY7VkVNV6I3HYw==\n\
-----END CERTIFICATE-----";

/// The two files of a certificate.
struct CertificateFiles {
    test_dir: TestDir,
}

impl CertificateFiles {
    fn new(chain: &str, key: &str) -> CertificateFiles {
        let files = CertificateFiles { test_dir: TestDir::new() };
        files.write(chain, key);
        files
    }

    fn write(&self, chain: &str, key: &str) {
        fs::write(self.chain(), chain).expect("a file");
        fs::write(self.key(), key).expect("a file");
    }

    fn chain(&self) -> PathBuf {
        self.test_dir.path().join("chain.pem")
    }

    fn key(&self) -> PathBuf {
        self.test_dir.path().join("key.pem")
    }

    /// The command of a server with this certificate.
    fn serve(&self) -> tokio::process::Command {
        let mut command = handset_in(&self.test_dir, &["serve", "--listen", "127.0.0.1:0"]);
        command.arg("--tls-cert").arg(self.chain()).arg("--tls-key").arg(self.key());
        command
    }
}

/// Sends a request over TLS to `localhost`, with this certificate as the only root.
async fn send_request(address: &str, trusted: &str, request: &str) -> io::Result<Response> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).expect("a certificate")).expect("it can be trusted");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the usual versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await?;
    Ok(raw_http::parse(&received))
}

fn get(path: &str, token: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: phones.example\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n")
}

async fn world(files: &CertificateFiles) -> World {
    let certificate = Certificate::read(files.chain(), files.key()).expect("a certificate");
    World::with_listener(ListenerConfig { certificate: Some(Arc::new(certificate)), ..ListenerConfig::default() }).await
}

#[tokio::test]
async fn a_listener_with_a_certificate_serves_tls_only_and_sends_hsts() {
    let files = CertificateFiles::new(CERTIFICATE, KEY);
    let world = world(&files).await;
    let (address, token) = (world.url.trim_start_matches("http://"), world.api_key.reveal());
    let response = send_request(address, CERTIFICATE, &get("/phones/list", token)).await.expect("an answer");
    assert_eq!(response.ok()["phones"], json!([]));
    assert_eq!(response.header("strict-transport-security"), Some("max-age=31536000"));
    let refused =
        send_request(address, CERTIFICATE, "GET /phones/list HTTP/1.1\r\nbad header\r\n\r\n").await.expect("an answer");
    refused.refused(400, "bad_request");
    assert_eq!(refused.header("strict-transport-security"), Some("max-age=31536000"));

    let mut in_the_clear = TcpStream::connect(address).await.expect("it listens");
    in_the_clear.write_all(get("/phones/list", token).as_bytes()).await.expect("the request is sent");
    let mut received = Vec::new();
    let _ = in_the_clear.read_to_end(&mut received).await;
    assert!(!received.starts_with(b"HTTP"), "no plain-text response: {received:?}");
    let distrust = send_request(address, RENEWED, &get("/health", token)).await;
    assert!(distrust.is_err(), "a client that trusts another certificate refuses: {distrust:?}");
}

#[tokio::test]
async fn next_page_url_has_https_after_a_tls_request() {
    let files = CertificateFiles::new(CERTIFICATE, KEY);
    let server = Server::run(files.serve(), &files.test_dir).await;
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.greeting);
    let request = get("/phones/list?limit=1", &server.demo_key());
    let page = send_request(server.address(), CERTIFICATE, &request).await.expect("an answer").ok();
    let next = page["pagination"]["next_page_url"].as_str().expect("there are two phones").to_owned();
    assert!(next.starts_with("https://phones.example/phones/list?"), "{next}");
    server.stop().await;
}

#[tokio::test]
async fn ucwa_links_and_challenges_have_https_after_a_tls_request() {
    let files = CertificateFiles::new(CERTIFICATE, KEY);
    let world = world(&files).await;
    let address = world.url.trim_start_matches("http://");
    let root = "/Autodiscover/AutodiscoverService.svc/root";
    let found = send_request(address, CERTIFICATE, &get(root, "unknown")).await.expect("an answer");
    let user = found.body["_links"]["user"]["href"].as_str().expect("the link is there").to_owned();
    assert!(user.starts_with("https://phones.example/Autodiscover/"), "{user}");
    let challenged =
        send_request(address, CERTIFICATE, &get("/ucwa/oauth/v1/applications", "unknown")).await.expect("an answer");
    assert_eq!(challenged.status, 401);
    let ways: Vec<_> = challenged.headers.get_all("www-authenticate").iter().collect();
    let ways = format!("{ways:?}");
    assert!(ways.contains("https://phones.example/WebTicket") && !ways.contains("http://"), "{ways}");
}

#[tokio::test]
async fn sighup_reloads_the_certificate_and_keeps_the_former_if_the_new_one_is_invalid() {
    let files = CertificateFiles::new(CERTIFICATE, KEY);
    let server = Server::run(files.serve(), &files.test_dir).await;
    let (address, request) = (server.address(), get("/health", "unknown"));
    send_request(address, CERTIFICATE, &request).await.expect("an answer").ok();

    files.write(RENEWED, RENEWED_KEY);
    send_request(address, CERTIFICATE, &request).await.expect("the certificate is not reloaded without a signal").ok();
    server.signal(Signal::SIGHUP);
    until("the new certificate is served", async || send_request(address, RENEWED, &request).await.ok()).await.ok();

    files.write(CERTIFICATE, RENEWED_KEY);
    server.signal(Signal::SIGHUP);
    until("the reload error is logged", async || server.log().contains("the former certificate stays").then_some(()))
        .await;
    assert!(server.log().contains("do not work together"), "{}", server.log());
    send_request(address, RENEWED, &request).await.expect("an answer").ok();
    server.stop().await;
}

#[tokio::test]
async fn an_unfinished_tls_handshake_does_not_delay_shutdown() {
    let files = CertificateFiles::new(CERTIFICATE, KEY);
    let server = Server::run(files.serve(), &files.test_dir).await;
    let silent = TcpStream::connect(server.address()).await.expect("it listens");
    // A later connection is served, so the silent one has been accepted.
    send_request(server.address(), CERTIFICATE, &get("/health", "unknown")).await.expect("an answer").ok();
    let sent = Instant::now();
    server.stop().await;
    assert!(sent.elapsed() < Duration::from_secs(5), "{:?}", sent.elapsed());
    drop(silent);
}

#[tokio::test]
async fn invalid_certificate_files_end_the_start_with_a_remedy() {
    let files = CertificateFiles::new(CERTIFICATE, RENEWED_KEY);
    let complaint_of = async |chain: &str, key: &str| {
        files.write(chain, key);
        let outcome = Outcome::of(files.serve()).await;
        outcome.error_message().to_owned()
    };
    assert!(complaint_of(CERTIFICATE, RENEWED_KEY).await.contains("key.pem do not work together"));
    assert!(complaint_of("", KEY).await.contains("chain.pem has no certificate in it"));
    let no_key = complaint_of(CERTIFICATE, CERTIFICATE).await;
    assert!(no_key.contains("key.pem") && no_key.contains("--tls-key name PEM files"), "{no_key}");
    let mut half = handset_in(&files.test_dir, &["serve", "--tls-cert", "chain.pem"]);
    half.stdin(std::process::Stdio::null());
    let half = Outcome::of(half).await;
    assert_eq!(half.status.code(), Some(2));
    assert!(half.stderr.contains("--tls-key <FILE>"), "{half:?}");
}
