//! Traces on their way to a collector, by OTLP over HTTP. Spans go out in batches from a thread of their own; what cannot
//! be delivered is lost, with a word in the log, and holds up nobody.

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

/// How long one batch may take on its way.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the service is called, unless `OTEL_SERVICE_NAME` says otherwise.
const NAME: &str = "handset";

/// Why no traces can be sent.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    #[error("traces cannot be sent: {0}. --otlp-endpoint is the address of a collector, as http://127.0.0.1:4318")]
    Endpoint(#[from] ExporterBuildError),
    #[error("traces cannot be sent: {0}")]
    Client(#[from] reqwest::Error),
}

/// A way to a collector.
#[derive(Debug)]
pub struct Otlp(SdkTracerProvider);

impl Otlp {
    /// To the collector at this address.
    pub fn to(collector: &Url) -> Result<Otlp, OtlpError> {
        // The only TLS there is; if somebody was faster, they have installed the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "the operator chose the collector's address")]
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("{}/v1/traces", collector.as_str().trim_end_matches('/')))
            .with_http_client(Postman { client, runtime: Handle::current() })
            .build()?;
        let resource = match std::env::var_os("OTEL_SERVICE_NAME") {
            Some(_) => Resource::builder(),
            None => Resource::builder().with_service_name(NAME),
        };
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build());
        Ok(Otlp(provider.build()))
    }

    /// What takes the spans.
    pub fn traces(&self) -> Traces {
        Traces::to(self.0.tracer(NAME))
    }

    /// Sends what is left.
    pub async fn close(self) {
        // It waits for its thread, which waits for us to send.
        let closed = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(PATIENCE)).await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

/// Carries batches. The thread that makes them is none of the runtime's, where the client is at home.
#[derive(Debug)]
struct Postman {
    client: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Postman {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move { client.send_bytes(request).await }).await?;
        match &sent {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => tracing::warn!(status = answer.status().as_u16(), "the collector refused traces"),
            Err(fault) => tracing::warn!(%fault, "the collector cannot be reached; traces are lost"),
        }
        sent
    }
}
