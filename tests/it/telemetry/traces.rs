//! Traces: each request is exported to a collector, as part of the caller's trace.

use crate::support::private_postgres::TestDir;
use crate::support::program::{Server, handset_in};
use crate::support::tcp_receiver::Receiver;
use crate::support::world::{World, noon};
use handset::http::App;
use handset::telemetry::otlp::Otlp;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;
use std::collections::BTreeMap;

/// Response of a collector.
pub const TAKEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Every span that a collector received, ordered by start time, and the service names.
pub fn collected(collector: &Receiver) -> (Vec<Span>, Vec<String>) {
    let (mut spans, mut services) = (Vec::new(), Vec::new());
    for request in collector.received() {
        assert_eq!(request.line, "POST /v1/traces HTTP/1.1");
        assert_eq!(request.headers["content-type"], "application/x-protobuf");
        let batch = ExportTraceServiceRequest::decode(request.body.as_slice()).expect("it is OTLP");
        for of_resource in batch.resource_spans {
            let resource = of_resource.resource.expect("spans have a resource");
            services.extend(attributes(&resource.attributes).remove("service.name"));
            spans.extend(of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans));
        }
    }
    spans.sort_by_key(|span| span.start_time_unix_nano);
    (spans, services)
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("neither text nor a number: {other:?}"),
    };
    attributes.iter().map(|attribute| (attribute.key.clone(), text(&attribute.value))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn each_request_is_exported_as_a_span_of_the_callers_trace() {
    let collector = Receiver::responding_with(TAKEN).await;
    let otlp = Otlp::to(&format!("http://{}/", collector.address).parse().expect("an address")).expect("a way");
    let world = World::with(|app| App { traces: otlp.traces(), ..app }).await;
    let traced = world.key().with("traceparent", &format!("00-{TRACE}-{PARENT}-01"));
    let listed = traced.get("/phones/list?search=hushhush").await;
    listed.ok();
    world.advance(chrono::TimeDelta::seconds(1));
    let missing = world.anonymous().call("BREW", "/somewhere/hushhush").await;
    missing.refused(404, "not_found");
    world.advance(chrono::TimeDelta::seconds(1));
    world.key().with("traceparent", &format!("00-{TRACE}-{PARENT}-00")).get("/phones/list").await.ok();
    world.store.close().await;
    let away = world.key().get("/v1/phone/").await;
    assert_eq!(away.status, 503);
    otlp.close().await;

    let (spans, services) = collected(&collector);
    assert!(services.iter().all(|service| service == "handset"), "{services:?}");
    let [first, second, third] = &spans[..] else {
        panic!("a request that the caller does not sample has no span: {spans:#?}")
    };
    assert_eq!((first.name.as_str(), first.kind), ("GET /phones/list", SpanKind::Server as i32));
    assert_eq!((hex(&first.trace_id), hex(&first.parent_span_id)), (TRACE.to_owned(), PARENT.to_owned()));
    assert_eq!(i64::try_from(first.start_time_unix_nano).ok(), noon().timestamp_nanos_opt());
    assert!(first.end_time_unix_nano > first.start_time_unix_nano);
    let expected = [
        ("http.request.method", "GET".to_owned()),
        ("http.route", "/phones/list".to_owned()),
        ("http.response.status_code", "200".to_owned()),
        ("handset.dialect", "seam".to_owned()),
        ("handset.request_id", listed.request_id().to_string()),
        ("handset.workspace", world.id.clone()),
    ];
    assert_eq!(attributes(&first.attributes), expected.map(|(name, value)| (name.to_owned(), value)).into());
    assert_ne!(first.status.as_ref().map(|status| status.code), Some(StatusCode::Error as i32));

    assert_eq!(second.name, "_OTHER");
    assert_ne!(second.trace_id, first.trace_id);
    assert!(second.parent_span_id.is_empty(), "a request without traceparent starts a new trace");
    assert_eq!(attributes(&second.attributes)["handset.request_id"], missing.request_id().to_string());

    assert_eq!(third.name, "GET /v1/phone/");
    assert_eq!(third.status.as_ref().map(|status| status.code), Some(StatusCode::Error as i32));
    assert!(!format!("{spans:?}").contains("hushhush"), "spans contain no values of requests");
}

#[tokio::test]
async fn buffered_spans_are_exported_on_shutdown() {
    let (collector, test_dir) = (Receiver::responding_with(TAKEN).await, TestDir::new());
    let mut command = handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.address));
    command.env("OTEL_BSP_SCHEDULE_DELAY", "3600000");
    let server = Server::run(command, &test_dir).await;
    server.client(&server.demo_key()).get("/phones/list").await.ok();
    assert!(collector.received().is_empty(), "spans are exported in batches");
    server.stop().await;
    let (spans, _) = collected(&collector);
    assert_eq!(spans.iter().map(|span| span.name.as_str()).collect::<Vec<_>>(), ["GET /phones/list"]);
}

#[tokio::test]
async fn an_unreachable_collector_fails_no_request() {
    let test_dir = TestDir::new();
    let mut command =
        handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0", "--otlp-endpoint", "http://127.0.0.1:1"]);
    command.env("OTEL_BSP_SCHEDULE_DELAY", "10");
    let server = Server::run(command, &test_dir).await;
    let key = server.client(&server.demo_key());
    crate::support::wait::until("the export error is logged", async || {
        key.get("/phones/list").await.ok();
        server.log().contains("the collector cannot be reached").then_some(())
    })
    .await;
    server.stop().await;
}
