//! `/v4` and `/v4/ping`: liveness probes.

use super::answer::Answer;
use super::route::{Auth, Call, Nothing, Operation, Public};
use crate::error::Result;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// Every route.
pub fn routes() -> Vec<Operation> {
    vec![
        Operation::new("/v4", &["GET"], hello)
            .about("phone_com_hello", "Get the version")
            .describe("Returns the name of the service and the version of the API.")
            .auth(Auth::Open)
            .returns("PhoneComHello", json!(HELLO)),
        Operation::new("/v4/ping", &["GET"], ping)
            .about("phone_com_ping", "Ping")
            .describe("Returns `pong`.")
            .auth(Auth::Open)
            .returns("PhoneComPing", json!(PING)),
    ]
}

/// The service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneComHello)]
pub struct Hello {
    /// The name of the service.
    name: &'static str,
    /// The version of the API.
    version: &'static str,
}

const HELLO: Hello = Hello { name: "Handset", version: "v4" };

async fn hello(_: Call<Public>, _: Nothing) -> Result<Answer> {
    Ok(Answer::ok(&HELLO))
}

/// A sign of life.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneComPing)]
pub struct Ping {
    ping: &'static str,
}

const PING: Ping = Ping { ping: "pong" };

async fn ping(_: Call<Public>, _: Nothing) -> Result<Answer> {
    Ok(Answer::ok(&PING))
}
