//! `/v4` and `/v4/ping`: whether anybody is there.

use super::answer::Answer;
use super::route::{Operation, Route, Serve};
use serde_json::json;

/// The paths, below the prefix.
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
