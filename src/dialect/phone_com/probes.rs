//! `/v4` and `/v4/ping`: liveness probes.

use super::answer::Answer;
use super::route::{Auth, Call, Nothing, Operation, Public};
use crate::error::Result;
use serde_json::{Value, json};

/// Every route.
pub fn routes() -> Vec<Operation> {
    vec![
        Operation::new("/v4", &["GET"], hello)
            .about("phone_com_hello", "Get the version")
            .describe("Returns the name of the service and the version of the API.")
            .auth(Auth::Open)
            .returns("PhoneComHello", version()),
        Operation::new("/v4/ping", &["GET"], ping)
            .about("phone_com_ping", "Ping")
            .describe("Returns `pong`.")
            .auth(Auth::Open)
            .returns("PhoneComPing", json!({ "ping": "pong" })),
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
