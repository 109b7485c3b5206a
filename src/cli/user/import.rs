//! User identities from comma-separated values, in batches. Nothing that exists is changed.

use crate::cli::admin::{AdminContext, Outcome, WorkspaceArgument};
use crate::cli::transfer::{ANALYZE_FROM, BATCH, Input, Record, Report, Rows};
use crate::dialect::seam::read_user_identity;
use crate::domain::id::UserIdentityId;
use crate::domain::user_identity::UserIdentityFields;
use crate::store::{KnownUsers, Workspace};
use clap::Args;
use serde_json::{Map, Value};
use std::error::Error;
use std::path::PathBuf;

pub const HELP: &str = "Example:\n  handset user import people.csv --workspace Demo\n\n\
    Columns: user_identity_key (or key), full_name (or name), email_address (or email), phone_number (or phone) and \
    enterprise_voice_enabled (true or false).\n\n\
    A user identity is known by its key, without a key by its e-mail address, without either by its phone number. One that \
    exists is left as it is, so a file can be imported again, also after an interruption.";

/// Columns, with their other names.
const COLUMNS: [(&str, &[&str]); 5] = [
    ("user_identity_key", &["key", "external_id", "id"]),
    ("full_name", &["name"]),
    ("email_address", &["email", "e_mail", "e_mail_address", "mail"]),
    ("phone_number", &["phone", "number", "telephone"]),
    ("enterprise_voice_enabled", &["voice", "enterprise_voice"]),
];

#[derive(Debug, Args)]
pub struct ImportCommand {
    /// The file, or - for standard input
    file: PathBuf,
    /// Read and check the file, and add nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

#[derive(Debug, thiserror::Error)]
#[error("the first line names no column of a user identity; `handset user import --help` lists them")]
struct NoColumns;

/// A user identity, and the line that it is from.
type Numbered = (u64, UserIdentityFields);

pub async fn import(context: &AdminContext, command: ImportCommand) -> Outcome {
    let workspace = context.handle(&command.workspace).await?;
    let input = Input::open(&command.file)?;
    let mut report = Report::new(context, &input, command.dry_run);
    let mut rows = Rows::open(input.reader)?;
    let names: Vec<Option<&str>> = rows.headings().iter().map(|heading| own_name(heading)).collect();
    if names.iter().all(Option::is_none) {
        return Err(NoColumns.into());
    }
    let mut batch: Vec<Numbered> = Vec::with_capacity(BATCH);
    // What was read before it is added.
    let mut fault = None;
    loop {
        let row = rows.next().and_then(|row| row.map_err(|error| fault = Some(error)).ok());
        let is_last = row.is_none();
        if let Some(Record { line, content }) = row {
            match content.and_then(|cells| fields(&names, cells)) {
                Ok(user) => batch.push((line, user)),
                Err(reasons) => report.refuse(line, &reasons)?,
            }
        }
        if batch.len() == BATCH || is_last {
            add(context, &workspace, std::mem::take(&mut batch), &mut report, command.dry_run).await?;
            report.progress();
        }
        if is_last {
            break;
        }
    }
    if report.added >= ANALYZE_FROM && !command.dry_run {
        context.store().analyze_imported().await?;
    }
    match fault {
        Some(fault) => Err(fault),
        None => report.finish(context),
    }
}

fn own_name(heading: &str) -> Option<&'static str> {
    let is_meant = |(own, others): &&(&'static str, &[&str])| *own == heading || others.contains(&heading);
    COLUMNS.iter().find(is_meant).map(|(own, _)| *own)
}

/// A user identity by the rules of the API.
fn fields(names: &[Option<&str>], cells: Vec<String>) -> Result<UserIdentityFields, Vec<String>> {
    let mut members = Map::new();
    for (name, cell) in names.iter().zip(cells).filter_map(|(name, cell)| Some(((*name)?, cell))) {
        if cell.is_empty() {
            continue;
        }
        let value = match (name, cell.to_lowercase().as_str()) {
            ("enterprise_voice_enabled", "true" | "yes" | "1" | "on") => Value::Bool(true),
            ("enterprise_voice_enabled", "false" | "no" | "0" | "off") => Value::Bool(false),
            _ => cell.into(),
        };
        members.insert(name.to_owned(), value);
    }
    let user = read_user_identity(members)?;
    let is_known_by = [&user.user_identity_key, &user.email_address, &user.phone_number];
    match is_known_by.iter().any(|value| value.is_some()) {
        true => Ok(user),
        false => Err(vec!["it has neither a key nor an e-mail address nor a phone number to know it by".to_owned()]),
    }
}

/// Adds those that are new. A second round judges those that an equal row, or another program, added meanwhile.
async fn add(
    context: &AdminContext,
    workspace: &Workspace,
    mut batch: Vec<Numbered>,
    report: &mut Report,
    is_dry_run: bool,
) -> Outcome {
    for is_second_round in [false, true] {
        let new = unknown(workspace, batch, report).await?;
        if is_dry_run || new.is_empty() {
            report.added += new.len() as u64;
            return Ok(());
        }
        let users = new.iter().map(|(_, user)| (context.random.id::<UserIdentityId>(context.now()), user.clone()));
        let added = workspace.import_user_identities(users.collect(), context.now()).await?;
        report.added += added.iter().filter(|is_new| **is_new).count() as u64;
        batch = new.into_iter().zip(added).filter(|(_, is_new)| !is_new).map(|(user, _)| user).collect();
        if is_second_round {
            for (line, _) in std::mem::take(&mut batch) {
                report.refuse(line, &["another program changes the same user identity; import it again".to_owned()])?;
            }
        }
    }
    Ok(())
}

/// Those whose key, e-mail address and phone number are free; the others are reported.
async fn unknown(
    workspace: &Workspace,
    batch: Vec<Numbered>,
    report: &mut Report,
) -> Result<Vec<Numbered>, Box<dyn Error>> {
    if batch.is_empty() {
        return Ok(batch);
    }
    let users: Vec<UserIdentityFields> = batch.iter().map(|(_, user)| user.clone()).collect();
    let known = workspace.known_users(&users).await?;
    let mut new = Vec::with_capacity(batch.len());
    for ((line, user), known) in batch.into_iter().zip(known) {
        match judge(&user, known) {
            Verdict::New => new.push((line, user)),
            Verdict::Present => report.present += 1,
            Verdict::Refused(reasons) => report.refuse(line, &reasons)?,
        }
    }
    Ok(new)
}

enum Verdict {
    New,
    Present,
    Refused(Vec<String>),
}

fn judge(user: &UserIdentityFields, known: KnownUsers) -> Verdict {
    let values = [
        ("user_identity_key", &user.user_identity_key, known.by_key),
        ("email_address", &user.email_address, known.by_email),
        ("phone_number", &user.phone_number, known.by_phone_number),
    ];
    // By what it is known: the first of these that it has.
    let same = values.iter().find(|(_, value, _)| value.is_some()).and_then(|(.., known)| *known);
    if same.is_some() {
        return Verdict::Present;
    }
    let taken =
        values.iter().filter_map(|(name, _, known)| Some(format!("{name}: user identity {} has it", (*known)?)));
    match taken.collect::<Vec<_>>() {
        reasons if reasons.is_empty() => Verdict::New,
        reasons => Verdict::Refused(reasons),
    }
}
