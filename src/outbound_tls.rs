//! TLS of connections to other hosts, with the system's root certificates.

use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// The configuration. Without root certificates, plain HTTP still works.
pub fn config() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        tracing::warn!(
            "no root certificates found, requests to other hosts over https will fail: install ca-certificates"
        );
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
