//! Exports traces to a collector by OTLP over HTTP. A separate thread sends spans in batches; batches that cannot be
//! delivered are dropped with a warning, and requests never wait for them.

use crate::http::Traces;
use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::time::Duration;
use tokio::runtime::Handle;
use url::Url;

/// Timeout of one batch.
const PATIENCE: Duration = Duration::from_secs(10);

/// The service name, unless `OTEL_SERVICE_NAME` is set.
const NAME: &str = "handset";

/// Why the exporter could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    #[error("traces cannot be sent: {0}. --otlp-endpoint is the address of a collector, as http://127.0.0.1:4318")]
    Endpoint(#[from] ExporterBuildError),
    #[error("traces cannot be sent: {0}")]
    Client(#[from] reqwest::Error),
}

/// A batch exporter to a collector.
#[derive(Debug)]
pub struct Otlp(SdkTracerProvider);

impl Otlp {
    /// Creates an exporter to the collector at this base URL.
    pub fn to(collector: &Url) -> Result<Otlp, OtlpError> {
        // Fails only if a provider is installed already, which is the same one: there is no other.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "the operator chose the collector's address")]
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("{}/v1/traces", collector.as_str().trim_end_matches('/')))
            .with_http_client(Exporter { client, runtime: Handle::current() })
            .build()?;
        let resource = match std::env::var_os("OTEL_SERVICE_NAME").filter(|name| !name.is_empty()) {
            Some(_) => Resource::builder(),
            None => Resource::builder().with_service_name(NAME),
        };
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build());
        Ok(Otlp(provider.build()))
    }

    /// A recorder for the spans of requests.
    pub fn traces(&self) -> Traces {
        Traces::to(self.0.tracer(NAME))
    }

    /// Sends the remaining spans.
    pub async fn close(self) {
        // Shutdown blocks on the batch thread, which needs this runtime to send.
        let closed = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(PATIENCE)).await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::warn!("failed to send the last traces");
        }
    }
}

/// Sends batches on the runtime, which reqwest needs; the batch thread is not one of the runtime's.
#[derive(Debug)]
struct Exporter {
    client: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Exporter {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move { client.send_bytes(request).await }).await?;
        match &sent {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => tracing::warn!(status = answer.status().as_u16(), "the collector rejected traces"),
            Err(fault) => tracing::warn!(%fault, "the collector cannot be reached; traces are lost"),
        }
        sent
    }
}
