//! `/v4` and `/v4/ping`: liveness probes.

use super::answer::Answer;
use super::route::{Operation, Route, Serve};
use serde_json::json;

/// Routes, relative to the prefix.
pub const ROUTES: &[Route] = &[
    Route {
        path: "",
        operations: &[Operation {
            method: "GET",
            serve: Serve::Open(|_| Box::pin(async { Ok(Answer::ok(&json!({ "name": "Handset", "version": "v4" }))) })),
        }],
    },
    Route {
        path: "/ping",
        operations: &[Operation {
            method: "GET",
            serve: Serve::Open(|_| Box::pin(async { Ok(Answer::ok(&json!({ "ping": "pong" }))) })),
        }],
    },
];
