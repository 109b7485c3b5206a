//! What a start prints: the server's URL, and how to go on. With `--json`, one line for scripts.

use crate::build_info;
use crate::cli::demo::{self, Demo};
use crate::cli::output::{escaped, print};
use crate::config::{Config, ServeConfig};
use crate::domain::operator::LinkPurpose;
use crate::error::Result;
use crate::http::App;
use serde_json::json;
use std::net::SocketAddr;

/// What the greeting is made of.
pub struct Greeting<'a> {
    pub config: &'a Config,
    pub serve: &'a ServeConfig,
    pub app: &'a App,
    pub url: &'a str,
    /// The address of the metrics.
    pub operators: Option<SocketAddr>,
}

impl Greeting<'_> {
    /// Creates the demo if it is wanted, and prints the greeting.
    pub async fn print(&self, is_json: bool) -> Result<()> {
        let demo = match self.serve.wants_demo(self.config) {
            true => demo::make(&self.app.store, &self.app.clock, &self.app.random).await?,
            false => None,
        };
        let sign_in_url = self.sign_in_url(demo.is_some()).await?;
        let text = match is_json {
            true => self.json(demo, sign_in_url).await?,
            false => self.text(demo, sign_in_url).await?,
        };
        // A reader that has closed standard output, as `head` does, is no reason not to serve.
        if let Err(fault) = print(&text) {
            tracing::warn!(%fault, url = self.url, "could not print the greeting");
        }
        Ok(())
    }

    /// The greeting as one line of JSON.
    async fn json(&self, demo: Option<Demo>, sign_in_url: Option<String>) -> Result<String> {
        let workspace_id = match &demo {
            Some(demo) => Some(demo.workspace_id),
            None => match self.app.store.workspaces().await?.as_slice() {
                [only] => Some(only.workspace_id),
                _ => None,
            },
        };
        let line = json!({
            "url": self.url,
            "version": build_info::VERSION,
            "console_url": (!self.serve.no_console).then(|| format!("{}/console", self.base())),
            "sign_in_url": sign_in_url,
            "metrics_url": self.operators.map(metrics_url),
            "workspace_id": workspace_id,
            "api_key": demo.as_ref().map(|demo| demo.key.reveal()),
            "user_identity_id": demo.as_ref().map(|demo| demo.user_identity_id),
            "device_id": demo.as_ref().map(|demo| demo.device_id),
        });
        Ok(escaped(&line.to_string()) + "\n")
    }

    /// The greeting for people: the demo at the first start, how to create an API key at later ones.
    async fn text(&self, demo: Option<Demo>, sign_in_url: Option<String>) -> Result<String> {
        let figures =
            self.operators.map(|address| format!("Figures on {}\n", metrics_url(address))).unwrap_or_default();
        let console = self.console_line(sign_in_url);
        let more = match demo {
            Some(demo) => demo.greeting(self.url),
            None => self.how_to_mint().await?,
        };
        Ok(format!("Listening on {}\n{figures}{console}{more}\n", self.url))
    }

    /// The console's base URL, for browsers.
    fn base(&self) -> &str {
        self.app.public_url.as_deref().unwrap_or(self.url)
    }

    /// A link that signs in to the console once, at the first start of a trial.
    async fn sign_in_url(&self, is_first: bool) -> Result<Option<String>> {
        if !is_first || !self.serve.prints_sign_in_link(self.config) {
            return Ok(None);
        }
        let (store, now, random) = (&self.app.store, self.app.clock.now(), &self.app.random);
        let operator = store.local_operator(now, random).await?;
        let link = store.create_operator_link(operator.operator_id, LinkPurpose::SignIn, now, random).await?;
        Ok(Some(format!("{}/console/link/{}", self.base(), link.reveal())))
    }

    /// How to get into the console.
    fn console_line(&self, sign_in_url: Option<String>) -> String {
        let base = self.base();
        match sign_in_url {
            _ if self.serve.no_console => String::new(),
            Some(link) => format!(
                "Console: open this link in a browser within 15 minutes; it is valid once. Say that Jane's Pixel is \
                 lost: search for jane\n\n  {link}\n"
            ),
            None => {
                let (program, place) = self.program();
                format!("Console on {base}/console; a link that signs in once: {program} console --url {base}{place}\n")
            }
        }
    }

    /// The program as it was called, and the arguments that name its database.
    fn program(&self) -> (String, String) {
        let program = std::env::args().next().unwrap_or_else(|| "handset".to_owned());
        let mut place = match (&self.config.database_url, &self.config.data_dir) {
            (None, Some(dir)) => format!(" --data-dir {}", dir.display()),
            _ => String::new(),
        };
        place.extend(self.config.schema.iter().map(|schema| format!(" --schema {schema}")));
        (program, place)
    }

    async fn how_to_mint(&self) -> Result<String> {
        let (program, place) = self.program();
        let workspaces = self.app.store.workspaces().await?;
        Ok(match workspaces.first() {
            Some(workspace) => {
                // Not by its name, which a tenant chooses: the line is copied into a shell.
                format!("Create an API key: {program} key create --workspace {}{place}", workspace.workspace_id)
            }
            None => format!(
                "Create a workspace: {program} workspace create Acme --sandbox{place}\n\
                 Create an API key:  {program} key create --workspace Acme{place}"
            ),
        })
    }
}

fn metrics_url(address: SocketAddr) -> String {
    format!("http://{address}/metrics")
}
