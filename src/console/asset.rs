//! The stylesheet and the script, each one file with the hash of its contents in its name, so that browsers keep it.

use super::action::Action;
use super::context::PageRequest;
use crate::error::{Error, Result};
use axum::http::Method;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::LazyLock;

/// Parts of the stylesheet, in order.
const STYLES: [&str; 3] =
    [include_str!("assets/console.css"), include_str!("assets/find.css"), include_str!("assets/integrate.css")];

/// Parts of the script, in order. Each is a function of its own that is called at once.
const SCRIPTS: [&str; 2] = [include_str!("assets/console.js"), include_str!("assets/find.js")];

static STYLE: LazyLock<Asset> = LazyLock::new(|| Asset::of(&STYLES, "css", "text/css; charset=utf-8"));
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| Asset::of(&SCRIPTS, "js", "text/javascript; charset=utf-8"));

struct Asset {
    name: String,
    content_type: &'static str,
    text: String,
}

impl Asset {
    fn of(parts: &[&str], extension: &str, content_type: &'static str) -> Asset {
        let text = parts.join("\n");
        let mut name = String::new();
        for byte in &Sha256::digest(&text)[..8] {
            let _ = write!(name, "{byte:02x}");
        }
        Asset { name: format!("{name}.{extension}"), content_type, text }
    }
}

pub fn actions() -> Vec<Action> {
    vec![Action::public(Method::GET, "/console/assets/{file}", file)]
}

pub fn style_address() -> String {
    format!("/console/assets/{}", STYLE.name)
}

pub fn script_address() -> String {
    format!("/console/assets/{}", SCRIPT.name)
}

async fn file(request: PageRequest) -> Result<Response> {
    let asset = [&STYLE, &SCRIPT].into_iter().find(|asset| asset.name == request.param("file"));
    let asset = asset.ok_or(Error::NoRoute)?;
    let headers = [(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, asset.text.as_str()).into_response())
}
