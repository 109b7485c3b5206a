//! Managed phone numbers.

use super::admin::{AdminContext, Outcome, WorkspaceArgument, second};
use super::output::table;
use crate::domain::number::{PhoneNumber, PhoneNumberFilter, Start, Status, Window};
use crate::domain::text::caseless;
use crate::error;
use crate::store::Workspace;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

/// Number of phone numbers per page.
const PAGE: i64 = 1_000;

#[derive(Debug, Subcommand)]
pub enum NumberCommand {
    /// List phone numbers, oldest first, by their digits, nickname or id
    #[command(after_help = "Example:\n  handset number list 34675 --status assigned")]
    List(ListCommand),
}

#[derive(Debug, Args)]
pub struct ListCommand {
    /// Some of the digits, part of the nickname, or the start of an id
    search: Option<String>,
    /// Only numbers of this status
    #[arg(long, value_enum)]
    status: Option<StatusArgument>,
    /// Maximum number of phone numbers
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

/// The status, as arguments name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusArgument {
    Reserved,
    Assigned,
    Released,
    Finished,
}

impl From<StatusArgument> for Status {
    fn from(argument: StatusArgument) -> Status {
        match argument {
            StatusArgument::Reserved => Status::Reserved,
            StatusArgument::Assigned => Status::Assigned,
            StatusArgument::Released => Status::Released,
            StatusArgument::Finished => Status::Finished,
        }
    }
}

pub async fn number(context: &AdminContext, NumberCommand::List(command): NumberCommand) -> Outcome {
    let workspace = context.handle(&command.workspace).await?;
    let limit = command.limit as usize;
    let search = Search::of(command.search.as_deref().unwrap_or_default());
    let filter = PhoneNumberFilter { status: command.status.map(Status::from), ..PhoneNumberFilter::default() };
    let mut numbers = find(&workspace, &filter, &search, limit + 1).await?;
    let has_more = numbers.len() > limit;
    numbers.truncate(limit);
    let value = json!({ "phone_numbers": numbers.iter().map(|number| json!({
        "phone_number_id": number.register_id,
        "number": number.number,
        "nickname": number.nickname,
        "telephony_provider": number.telephony_provider.into_str(),
        "status": number.status.into_str(),
        "user_identity_id": number.user_identity_id,
        "inbound_agent_id": number.inbound_agent_id,
        "outbound_agent_id": number.outbound_agent_id,
        "reserved_until": number.reserved_until,
        "assigned_at": number.assigned_at,
        "scheduled_release_at": number.scheduled_release_at,
        "released_at": number.released_at,
        "created_at": number.created_at,
    })).collect::<Vec<_>>(), "has_more": has_more });
    let shown = numbers.len();
    let rows = numbers.into_iter().map(|number| {
        let user = number.user_identity_id.map(|id| id.to_string()).unwrap_or_default();
        let state = state(&number);
        [number.register_id.to_string(), number.number, state, user, number.nickname.unwrap_or_default()]
    });
    context.print_list(
        &value,
        &table(["ID", "NUMBER", "STATE", "USER ID", "NICKNAME"], rows),
        shown,
        has_more,
        "number",
    )
}

/// What a number is looked for by.
struct Search {
    text: String,
    /// The digits, of a text without letters.
    digits: String,
}

impl Search {
    fn of(text: &str) -> Search {
        let is_number = !text.chars().any(char::is_alphabetic);
        let digits = text.chars().filter(|it| is_number && it.is_ascii_digit()).collect();
        Search { text: caseless(text), digits }
    }

    fn matches(&self, number: &PhoneNumber) -> bool {
        let is_in = |text: &str| caseless(text).contains(&self.text);
        self.text.is_empty()
            || !self.digits.is_empty() && number.number.contains(&self.digits)
            || number.nickname.as_deref().is_some_and(is_in)
            || number.register_id.to_string().starts_with(&self.text)
    }
}

/// The first numbers that match, a page after the other.
async fn find(
    workspace: &Workspace,
    filter: &PhoneNumberFilter,
    search: &Search,
    count: usize,
) -> error::Result<Vec<PhoneNumber>> {
    let (mut found, mut start) = (Vec::new(), Start::Page(1));
    loop {
        let page = workspace.numbers(filter, Window { ascending: true, limit: PAGE, start }).await?;
        let last = page.items.last().map(|number| number.register_id);
        found.extend(page.items.into_iter().filter(|number| search.matches(number)).take(count - found.len()));
        match last {
            Some(last) if page.has_more && found.len() < count => start = Start::After(last),
            _ => return Ok(found),
        }
    }
}

/// The status, with the time that matters in it.
fn state(number: &PhoneNumber) -> String {
    match (number.status, number.reserved_until, number.scheduled_release_at, number.released_at) {
        (Status::Reserved, Some(until), ..) => format!("reserved until {}", second(until)),
        (Status::Assigned, _, Some(at), _) => format!("assigned until {}", second(at)),
        (Status::Released, .., Some(at)) => format!("released {}", second(at)),
        (status, ..) => status.into_str().to_owned(),
    }
}
