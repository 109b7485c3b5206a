//! Checks what a server needs, and says what to do where it is missing. Nothing is changed.

mod cluster;
mod environment;
mod registry;
mod webhooks;

use super::admin::Outcome;
use super::output::{escaped, escaped_lines, print};
use crate::config::Config;
use clap::Args;
use ipnet::IpNet;
use serde_json::json;
use std::path::PathBuf;
use strum::IntoStaticStr;

#[derive(Debug, Args)]
pub struct DoctorCommand {
    /// The server's certificate chain, as for serve
    #[arg(long, env = "HANDSET_TLS_CERT", hide_env = true, requires = "tls_key", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, as for serve
    #[arg(long, env = "HANDSET_TLS_KEY", hide_env = true, requires = "tls_cert", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Base URL for clients, as for serve: the certificate has to be for its host
    #[arg(long, env = "HANDSET_PUBLIC_URL", hide_env = true, value_name = "URL")]
    public_url: Option<crate::config::PublicUrl>,
    /// Networks that are not public but allowed for webhooks, as for serve
    #[arg(long, env = "HANDSET_WEBHOOK_ALLOW", hide_env = true, value_delimiter = ',', value_name = "NETWORKS")]
    webhook_allow: Vec<IpNet>,
    /// Maximum number of client connections, as for serve
    #[arg(long, env = "HANDSET_MAX_CONNECTIONS", hide_env = true, default_value_t = 16_384, value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_connections: u32,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
enum State {
    Ok,
    /// Works, but not as well as it could, or not for long.
    Warning,
    Failed,
    /// Not configured, or not possible after a failure.
    Skipped,
}

/// One check.
struct Check {
    name: &'static str,
    state: State,
    message: String,
    /// What to do.
    advice: Option<String>,
}

impl Check {
    fn ok(name: &'static str, message: impl Into<String>) -> Check {
        Check { name, state: State::Ok, message: message.into(), advice: None }
    }

    fn skipped(name: &'static str, message: impl Into<String>) -> Check {
        Check { state: State::Skipped, ..Check::ok(name, message) }
    }

    fn warning(name: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Check {
        Check { state: State::Warning, advice: Some(advice.into()), ..Check::ok(name, message) }
    }

    fn failed(name: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Check {
        Check { state: State::Failed, advice: Some(advice.into()), ..Check::ok(name, message) }
    }

    /// A line for people, and one more with the advice.
    fn text(&self) -> String {
        let mark = match self.state {
            State::Ok => "ok",
            State::Warning => "WARNING",
            State::Failed => "FAILED",
            State::Skipped => "-",
        };
        let advice = self.advice.iter().map(|advice| format!("{:<26}-> {}\n", "", escaped(advice))).collect::<String>();
        format!("{mark:<8}  {:<14}  {}\n{advice}", self.name, escaped(&self.message))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0} of {1} checks failed")]
struct ChecksFailed(usize, usize);

pub async fn doctor(config: &Config, is_json: bool, command: DoctorCommand) -> Outcome {
    let mut checks = registry::checks(config, &command).await;
    checks.push(environment::certificate(&command));
    checks.push(environment::open_files(&command));
    checks.push(environment::disk_space(config));
    let failed = checks.iter().filter(|check| check.state == State::Failed).count();
    let text = match is_json {
        true => {
            let list = checks.iter().map(|check| {
                let (name, state) = (check.name, check.state.into_str());
                json!({ "name": name, "state": state, "message": check.message, "advice": check.advice })
            });
            escaped(&json!({ "ok": failed == 0, "checks": list.collect::<Vec<_>>() }).to_string()) + "\n"
        }
        false => escaped_lines(&checks.iter().map(Check::text).collect::<String>()),
    };
    print(&text)?;
    if failed > 0 { Err(ChecksFailed(failed, checks.len()).into()) } else { Ok(()) }
}
