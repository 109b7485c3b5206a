//! HTTP clients with their credentials, and responses that check the envelope of the Seam dialect.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Method, RequestBuilder};
use serde_json::Value;
use uuid::Uuid;

/// An HTTP client and its headers.
#[derive(Debug, Clone)]
pub struct Client {
    client: reqwest::Client,
    url: String,
    headers: HeaderMap,
}

impl Client {
    /// A client without credentials.
    pub fn new(url: &str) -> Client {
        // The server brings its own TLS provider; clients need a process default. All are alike, so only the first counts.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Client { client, url: url.to_owned(), headers: HeaderMap::new() }
    }

    /// A client that shows redirects instead of following them.
    pub fn without_redirects(url: &str) -> Client {
        let client = Client::new(url);
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Client { client: builder.build().expect("a client"), ..client }
    }

    /// This client without headers.
    pub fn anonymous(&self) -> Client {
        Client { headers: HeaderMap::new(), ..self.clone() }
    }

    /// This client with this header, replacing any of the same name.
    pub fn with(&self, name: &str, value: &str) -> Client {
        let mut client = self.clone();
        let name: HeaderName = name.parse().expect("a header's name");
        client.headers.insert(name, HeaderValue::from_str(value).expect("a header's value"));
        client
    }

    /// This client with this bearer token.
    pub fn bearer(&self, token: &str) -> Client {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// This client with this workspace selected.
    pub fn in_workspace(&self, id: &str) -> Client {
        self.with("seam-workspace", id)
    }

    /// A request to amend before [`Client::send`].
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().expect("a method");
        self.client.request(method, format!("{}{path}", self.url)).headers(self.headers.clone())
    }

    pub async fn send(&self, request: RequestBuilder) -> Response {
        Response::of(request.send().await.expect("the server answers")).await
    }

    /// A request without a body.
    pub async fn call(&self, method: &str, path: &str) -> Response {
        self.send(self.request(method, path)).await
    }

    /// A request with a JSON body.
    pub async fn json(&self, method: &str, path: &str, body: Value) -> Response {
        self.send(self.request(method, path).json(&body)).await
    }

    /// A POST of raw bytes with an optional content type.
    pub async fn bytes(&self, path: &str, content_type: Option<&str>, body: impl Into<Body>) -> Response {
        let request = self.request("POST", path).body(body);
        match content_type {
            Some(content_type) => self.send(request.header("content-type", content_type)).await,
            None => self.send(request).await,
        }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.call("GET", path).await
    }

    pub async fn delete(&self, path: &str) -> Response {
        self.call("DELETE", path).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.json("POST", path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Response {
        self.json("PUT", path, body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Response {
        self.json("PATCH", path, body).await
    }
}

/// A response.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// Null if the text is not JSON.
    pub body: Value,
}

impl Response {
    async fn of(response: reqwest::Response) -> Response {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // A stream does not end.
        let is_stream = headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let text =
            if is_stream { String::new() } else { response.text().await.expect("the response body is complete") };
        Response::new(status, headers, text)
    }

    pub fn new(status: u16, headers: HeaderMap, text: String) -> Response {
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Response { status, headers, text, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("headers are text"))
    }

    /// The request id, which every response has.
    #[track_caller]
    pub fn request_id(&self) -> Uuid {
        let number = self.header("seam-request-id").unwrap_or_else(|| panic!("no request id: {self:?}"));
        number.parse().expect("a request id is a UUID")
    }

    /// The body of a successful response.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!((self.status, &self.body["ok"]), (200, &Value::Bool(true)), "{self:?}");
        self.is_json();
        self.request_id();
        self.body.clone()
    }

    /// The error of a refusal, after checks of its envelope.
    #[track_caller]
    pub fn refused(&self, status: u16, kind: &str) -> Value {
        let error = self.error();
        assert_eq!((self.status, error["type"].as_str()), (status, Some(kind)), "{self:?}");
        error
    }

    /// The error of a refusal of any kind.
    #[track_caller]
    pub fn error(&self) -> Value {
        assert!(self.status >= 400, "a success: {self:?}");
        self.is_json();
        let members: Vec<&String> = self.body.as_object().into_iter().flat_map(|body| body.keys()).collect();
        assert_eq!(members, ["error", "ok"], "{self:?}");
        assert_eq!(self.body["ok"], Value::Bool(false), "{self:?}");
        let error = &self.body["error"];
        assert!(error["type"].is_string() && error["message"].is_string(), "{self:?}");
        assert_eq!(error["request_id"], Value::from(self.request_id().to_string()), "{self:?}");
        error.clone()
    }

    /// Checks for this one validation message under `path`, dots between its steps; the empty path is the root.
    #[track_caller]
    pub fn invalid(&self, path: &str, message: &str) {
        let error = self.refused(400, "invalid_input");
        let steps = path.split('.').filter(|step| !step.is_empty());
        let node = steps.fold(&error["validation_errors"], |node, step| &node[step]);
        assert_eq!(node["_errors"], serde_json::json!([message]), "{self:?}");
    }

    #[track_caller]
    fn is_json(&self) {
        assert_eq!(self.header("content-type"), Some("application/json; charset=utf-8"), "{self:?}");
    }
}
