//! Operators, the people who use the console: added, listed, removed, and let in by links that are valid once.

use super::admin::{AdminContext, CliError, Outcome, second};
use super::output::table;
use crate::config::PublicUrl;
use crate::domain::id::WorkspaceId;
use crate::domain::operator::{LinkPurpose, MAX_EMAIL, Operator, OperatorRecord, Role, is_email};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use std::error::Error;

pub const CONSOLE_HELP: &str = "Example:\n  handset console\n  handset console jane@example.com --url https://phones.example.com\n\n\
    The link is valid once, for 15 minutes. Without an e-mail address it signs in admin@localhost, an \
    administrator of all workspaces, whose account is created if there is none.";

#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    /// Add an operator and print an invitation, a link to choose a password that is valid once, for three days
    #[command(after_help = "Example:\n  handset operator add jane@example.com --workspace Demo --role operator")]
    Add {
        /// The operator's e-mail address
        #[arg(value_parser = email)]
        email: String,
        #[command(flatten)]
        place: Place,
        /// What the operator may do
        #[arg(long, value_enum, default_value_t = RoleName::Viewer)]
        role: RoleName,
        #[command(flatten)]
        server: ServerUrl,
    },
    /// Print another invitation for an operator, such as one who has forgotten the password
    #[command(after_help = "Example:\n  handset operator invite jane@example.com")]
    Invite {
        /// The operator's e-mail address
        email: String,
        #[command(flatten)]
        server: ServerUrl,
    },
    /// List operators with their roles
    #[command(after_help = "Example:\n  handset operator list")]
    List,
    /// Set an operator's role, from the next request on
    #[command(after_help = "Example:\n  handset operator set-role jane@example.com --workspace Demo --role admin")]
    SetRole {
        /// The operator's e-mail address
        email: String,
        #[command(flatten)]
        place: Place,
        /// What the operator may do; `none` removes the role
        #[arg(long, value_enum)]
        role: RoleOrNone,
    },
    /// Remove an operator and end its sessions; the audit trail keeps what it did
    #[command(after_help = "Example:\n  handset operator remove jane@example.com")]
    Remove {
        /// The operator's e-mail address
        email: String,
    },
}

/// Where a role counts.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Place {
    /// A workspace's name or id; repeat it for more
    #[arg(long, value_name = "NAME|ID")]
    workspace: Vec<String>,
    /// All workspaces, also later ones, and the server's status page
    #[arg(long)]
    all_workspaces: bool,
}

/// A link that signs in.
#[derive(Debug, Args)]
pub struct SignInLink {
    /// The operator to sign in [default: admin@localhost, an administrator]
    email: Option<String>,
    #[command(flatten)]
    server: ServerUrl,
}

/// The address of a server without settings.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Where links lead.
#[derive(Debug, Args)]
pub struct ServerUrl {
    /// The server's address, as browsers reach it
    #[arg(long, env = "HANDSET_PUBLIC_URL", default_value = DEFAULT_URL, value_name = "URL")]
    url: PublicUrl,
}

impl ServerUrl {
    /// A line for those who did not say where the server is.
    fn note(&self) -> &'static str {
        match self.url.0 == DEFAULT_URL {
            true => "\n\nIf browsers reach the server elsewhere, give its address with --url.",
            false => "",
        }
    }
}

/// Names of the roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Sees everything but secrets
    Viewer,
    /// Deactivates phones, lets installations in again, assigns numbers
    Operator,
    /// Issues and revokes keys, tokens and webhooks
    Admin,
}

/// Names of the roles, and of having none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleOrNone {
    None,
    Viewer,
    Operator,
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Role {
        match name {
            RoleName::Viewer => Role::Viewer,
            RoleName::Operator => Role::Operator,
            RoleName::Admin => Role::Admin,
        }
    }
}

impl From<RoleOrNone> for Option<Role> {
    fn from(name: RoleOrNone) -> Option<Role> {
        match name {
            RoleOrNone::None => None,
            RoleOrNone::Viewer => Some(Role::Viewer),
            RoleOrNone::Operator => Some(Role::Operator),
            RoleOrNone::Admin => Some(Role::Admin),
        }
    }
}

fn email(text: &str) -> Result<String, String> {
    let text = text.trim();
    match is_email(text) {
        true => Ok(text.to_owned()),
        false => Err(format!("write an e-mail address, as jane@example.com, of at most {MAX_EMAIL} characters")),
    }
}

pub async fn console(context: &AdminContext, link: SignInLink) -> Outcome {
    let operator = match &link.email {
        Some(email) => find(context, email).await?,
        None => context.store().local_operator(context.now(), &context.random).await?,
    };
    let url = sign_in_link(context, &operator, LinkPurpose::SignIn, &link.server).await?;
    context.print(&json!({ "url": url, "operator_id": operator.operator_id, "email": operator.email }), &url)
}

pub async fn operator(context: &AdminContext, command: OperatorCommand) -> Outcome {
    match command {
        OperatorCommand::Add { email, place, role, server } => add(context, email, &place, role.into(), &server).await,
        OperatorCommand::Invite { email, server } => invite(context, &find(context, &email).await?, &server).await,
        OperatorCommand::List => list(context).await,
        OperatorCommand::SetRole { email, place, role } => set_role(context, &email, &place, role.into()).await,
        OperatorCommand::Remove { email } => {
            let operator = find(context, &email).await?;
            context.store().remove_operator(operator.operator_id).await?;
            let value = json!({ "operator_id": operator.operator_id, "removed": true });
            context.print(&value, "Removed. Its sessions have ended.")
        }
    }
}

async fn add(context: &AdminContext, email: String, place: &Place, role: Role, server: &ServerUrl) -> Outcome {
    let workspaces = workspaces(context, place).await?;
    let added =
        context.store().add_operator(&email, role, workspaces.as_deref(), context.now(), &context.random).await?;
    let Some(operator_id) = added else { return Err(CliError::OperatorExists(email).into()) };
    invite(context, &Operator { operator_id, email }, server).await
}

async fn invite(context: &AdminContext, operator: &Operator, server: &ServerUrl) -> Outcome {
    let url = sign_in_link(context, operator, LinkPurpose::Invitation, server).await?;
    let value = json!({ "operator_id": operator.operator_id, "email": operator.email, "invitation_url": url });
    let text =
        format!("Send this link to {}. It is valid once, for three days:\n\n  {url}{}", operator.email, server.note());
    context.print(&value, &text)
}

async fn sign_in_link(
    context: &AdminContext,
    operator: &Operator,
    purpose: LinkPurpose,
    server: &ServerUrl,
) -> Result<String, Box<dyn Error>> {
    let created = context.store().create_operator_link(operator.operator_id, purpose, context.now(), &context.random);
    let page = match purpose {
        LinkPurpose::SignIn => "link",
        LinkPurpose::Invitation => "invitation",
    };
    Ok(format!("{}/console/{page}/{}", server.url.0, created.await?.reveal()))
}

async fn set_role(context: &AdminContext, email: &str, place: &Place, role: Option<Role>) -> Outcome {
    let operator = find(context, email).await?;
    match workspaces(context, place).await? {
        None => context.store().set_operator_role(operator.operator_id, None, role).await?,
        Some(workspaces) => {
            for workspace in workspaces {
                context.store().set_operator_role(operator.operator_id, Some(workspace), role).await?;
            }
        }
    }
    let name = role.map(Role::name);
    context.print(&json!({ "operator_id": operator.operator_id, "role": name }), "The role is set.")
}

async fn list(context: &AdminContext) -> Outcome {
    let operators = context.store().operators().await?;
    let value = json!({ "operators": operators.iter().map(|operator| json!({
        "operator_id": operator.operator_id,
        "email": operator.email,
        "role": operator.role.map(Role::name),
        "roles": operator.roles.iter().map(|(id, name, role)| json!({
            "workspace_id": id, "workspace_name": name, "role": role.name(),
        })).collect::<Vec<_>>(),
        "has_password": operator.has_password,
        "created_at": operator.created_at,
    })).collect::<Vec<_>>() });
    let rows = operators.into_iter().map(|operator| {
        let password = if operator.has_password { "yes" } else { "no" };
        let (id, created) = (operator.operator_id.to_string(), second(operator.created_at));
        [id, created, password.to_owned(), roles(&operator), operator.email]
    });
    context.print(&value, &table(["ID", "CREATED", "PASSWORD", "ROLES", "EMAIL"], rows))
}

/// The roles of an operator in one cell.
fn roles(operator: &OperatorRecord) -> String {
    let everywhere = operator.role.map(|role| format!("{} of all", role.name()));
    let single = operator.roles.iter().map(|(_, name, role)| format!("{} of {name}", role.name()));
    let all: Vec<String> = everywhere.into_iter().chain(single).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

async fn find(context: &AdminContext, email: &str) -> Result<Operator, Box<dyn Error>> {
    let known = context.store().operator_called(email.trim()).await?;
    known.ok_or_else(|| CliError::NoOperator(email.to_owned()).into())
}

/// The workspaces of a role; `None` if it counts in all.
async fn workspaces(context: &AdminContext, place: &Place) -> Result<Option<Vec<WorkspaceId>>, Box<dyn Error>> {
    match place.all_workspaces {
        true => Ok(None),
        false => Ok(Some(context.workspaces(&place.workspace).await?)),
    }
}
