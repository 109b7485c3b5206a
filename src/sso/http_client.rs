//! Requests to the provider, whose address the operator of the server has configured, so it may be an internal one. Answers
//! are limited in size and time, and redirects are not followed.

use crate::outbound_tls;
use openidconnect::http::Response;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::redirect;
use std::pin::Pin;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

/// Maximum size of an answer, in bytes: keys of large providers take some ten KiB.
const MAX_ANSWER: usize = 512 * 1024;

/// Error of the client's setup.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("the TLS library offers no protocol version; this is a fault of the build: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the HTTP client cannot be set up; this is a fault of the build: {0}")]
    Client(#[from] reqwest::Error),
}

/// A failed request.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    #[error(transparent)]
    Client(#[from] reqwest::Error),
    #[error("the answer is over {MAX_ANSWER} bytes")]
    TooLarge,
    #[error("the answer is not HTTP: {0}")]
    Http(#[from] openidconnect::http::Error),
}

#[derive(Debug)]
pub struct HttpClient(reqwest::Client);

impl HttpClient {
    pub fn new() -> Result<HttpClient, SetupError> {
        #[expect(clippy::disallowed_methods, reason = "the address is the operator's setting, not a tenant's")]
        let client = reqwest::Client::builder()
            .user_agent(concat!("handset/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(outbound_tls::config()?)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .http1_only()
            .timeout(PATIENCE)
            .build()?;
        Ok(HttpClient(client))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, RequestError> {
        let (parts, body) = request.into_parts();
        let request = self.0.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
        let mut answer = request.send().await?;
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(RequestError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = RequestError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, RequestError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
