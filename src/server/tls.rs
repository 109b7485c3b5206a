//! The server's TLS certificate. SIGHUP reloads it without closing the listener; if that fails, the previous one is kept.

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// Why a certificate could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("cannot read {}: {source}. --tls-cert and --tls-key name PEM files that this user may read", .path.display())]
    Unreadable { path: PathBuf, source: pem::Error },
    #[error("{} has no certificate in it; it must be a PEM file with BEGIN CERTIFICATE", .0.display())]
    Empty(PathBuf),
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
                    Err(fault) => tracing::error!(%fault, "the former certificate stays"),
                }
            }
        })
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
        Some(Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner)))
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
