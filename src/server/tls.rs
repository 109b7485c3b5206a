//! The server's TLS certificate. SIGHUP reloads it without closing the listener; if that fails, the previous one is kept.

use chrono::{DateTime, Utc};
use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use x509_cert::der::Decode;
use x509_cert::time::Time;

/// Why a certificate could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("cannot read {}: {source}. --tls-cert and --tls-key name PEM files that this user may read", .path.display())]
    Unreadable { path: PathBuf, source: pem::Error },
    #[error("{} has no certificate in it; it must be a PEM file with BEGIN CERTIFICATE", .0.display())]
    Empty(PathBuf),
    #[error("the first certificate in {} cannot be read: {source}", .path.display())]
    Undecodable { path: PathBuf, source: x509_cert::der::Error },
    #[error("{} and {} do not work together: {source}", .chain.display(), .key.display())]
    Mismatch { chain: PathBuf, key: PathBuf, source: rustls::Error },
}

/// A certificate chain and key from two files, as last loaded.
#[derive(Debug)]
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    shown: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Loads the certificate chain and the private key, both PEM.
    pub fn read(chain: PathBuf, key: PathBuf) -> Result<Certificate, CertificateError> {
        let shown = RwLock::new(Arc::new(load(&chain, &key)?));
        Ok(Certificate { chain, key, shown })
    }

    /// Reloads both files; on an error the previous certificate is kept.
    pub fn renew(&self) -> Result<(), CertificateError> {
        let renewed = Arc::new(load(&self.chain, &self.key)?);
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }

    /// Reloads on each SIGHUP until `stop`.
    pub fn renew_on_hangup(self: Arc<Self>, stop: CancellationToken) -> io::Result<impl Future<Output = ()>> {
        let mut hangup = signal(SignalKind::hangup())?;
        Ok(async move {
            while let Some(Some(())) = stop.run_until_cancelled(hangup.recv()).await {
                match self.renew() {
                    Ok(()) => tracing::info!(chain = %self.chain.display(), "reloaded the certificate"),
                    Err(fault) => {
                        tracing::error!(%fault, "failed to reload the certificate; the former certificate stays");
                    }
                }
            }
        })
    }

    /// The time from which on, and until which, the server's certificate is valid.
    pub fn validity(&self) -> Result<(DateTime<Utc>, DateTime<Utc>), CertificateError> {
        let unreadable = |source| CertificateError::Undecodable { path: self.chain.clone(), source };
        let shown = self.shown();
        let certificate = x509_cert::Certificate::from_der(shown.end_entity_cert().map_or(&[][..], |it| it.as_ref()));
        let validity = *certificate.map_err(unreadable)?.tbs_certificate().validity();
        let time = |time: Time| DateTime::UNIX_EPOCH + time.to_unix_duration();
        Ok((time(validity.not_before), time(validity.not_after)))
    }

    /// Whether the server's certificate is for this host.
    pub fn is_for(&self, host: &str) -> bool {
        let shown = self.shown();
        let certificate = shown.end_entity_cert().and_then(ParsedCertificate::try_from);
        let name = ServerName::try_from(host.trim_matches(['[', ']']));
        certificate
            .ok()
            .zip(name.ok())
            .is_some_and(|(certificate, name)| verify_server_name(&certificate, &name).is_ok())
    }

    fn shown(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns an acceptor that uses the certificate loaded last.
    pub fn acceptor(self: Arc<Self>) -> TlsAcceptor {
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()
            .expect("the ring provider supports the default TLS versions")
            .with_no_client_auth()
            .with_cert_resolver(self);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown())
    }
}

fn provider() -> CryptoProvider {
    ring::default_provider()
}

fn load(chain: &Path, key: &Path) -> Result<CertifiedKey, CertificateError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| CertificateError::Unreadable { path, source }
    };
    let certificates = CertificateDer::pem_file_iter(chain).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(unreadable(chain))?;
    if certificates.is_empty() {
        return Err(CertificateError::Empty(chain.to_owned()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(unreadable(key))?;
    CertifiedKey::from_der(certificates, secret, &provider()).map_err(|source| CertificateError::Mismatch {
        chain: chain.to_owned(),
        key: key.to_owned(),
        source,
    })
}
