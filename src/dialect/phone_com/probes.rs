//! `/v4` and `/v4/ping`: liveness probes.

use super::access::Public;
use super::answer::Answer;
use super::input::Nothing;
use super::route::{Auth, Call, Document, Route, operation};
use crate::error::Result;
use serde_json::{Value, json};

/// Every route.
pub fn routes() -> Vec<Route> {
    let hello_document = Document {
        id: "phone_com_hello",
        summary: "Get the version",
        description: "Returns the name of the service and the version of the API.",
        auth: Auth::Open,
        answer: ("PhoneComHello", version()),
        ..Document::default()
    };
    let ping_document = Document {
        id: "phone_com_ping",
        summary: "Ping",
        description: "Returns `pong`.",
        auth: Auth::Open,
        answer: ("PhoneComPing", json!({ "ping": "pong" })),
        ..Document::default()
    };
    vec![
        Route::new("/v4", vec![operation(&["GET"], hello, hello_document)]),
        Route::new("/v4/ping", vec![operation(&["GET"], ping, ping_document)]),
    ]
}

fn version() -> Value {
    json!({ "name": "Handset", "version": "v4" })
}

async fn hello(_: Call<Public>, _: Nothing) -> Result<Answer> {
    Ok(Answer::ok(&version()))
}

async fn ping(_: Call<Public>, _: Nothing) -> Result<Answer> {
    Ok(Answer::ok(&json!({ "ping": "pong" })))
}
