//! Contacts of a user: imported from address books and exported to them.

mod draft;
mod spreadsheet;
mod vcard;

use super::admin::{AdminContext, Outcome, WorkspaceArgument};
use super::transfer::{ANALYZE_FROM, BATCH, Format, Input, Output, Record, Report};
use super::user;
use crate::domain::e164::Region;
use crate::domain::extension::Extension;
use crate::domain::id::{ContactId, ExtensionId};
use crate::error;
use crate::store::{ImportedContact, Prefetched, Workspace};
use clap::{Args, Subcommand};
use serde_json::json;
use std::error::Error;
use std::path::PathBuf;

const IMPORT_EXAMPLE: &str = "Example:\n  handset contact import phone.vcf --extension jane@example.com";

const IMPORT_HELP: &str = "Example:\n  handset contact import phone.vcf --extension jane@example.com\n\n\
    A contact is the same as one that was imported before if its UID (vCard) or uid (CSV) is, or without one if all of \
    its values are. It is left as it is, so a file can be imported again, also after an interruption.\n\n\
    Columns of CSV: uid, prefix, first_name, middle_name, last_name, suffix, nickname, company, department, job_title, \
    phonetic_first_name, phonetic_middle_name, phonetic_last_name, email, email_2, mobile_phone, home_phone, \
    business_phone, fax, pager, and street, city, state, zip and country after home_ or business_. Outlook's names are \
    understood, too.";

#[derive(Debug, Subcommand)]
pub enum ContactCommand {
    /// Import contacts of a user from vCards or CSV
    #[command(after_help = IMPORT_EXAMPLE, after_long_help = IMPORT_HELP)]
    Import(ImportCommand),
    /// Export the contacts of a user as vCards or CSV
    #[command(after_help = "Example:\n  handset contact export --extension jane@example.com --output jane.vcf")]
    Export(ExportCommand),
}

#[derive(Debug, Args)]
pub struct ImportCommand {
    /// The file, or - for standard input
    file: PathBuf,
    /// The user: an extension's number, a user's id or key, or a search that finds one user
    #[arg(long, value_name = "USER")]
    extension: String,
    /// The format [default: by the file's name]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Region of numbers without a country code, as a two-letter country code
    #[arg(long, env = "HANDSET_DEFAULT_REGION", hide_env = true, default_value = "US", value_name = "REGION")]
    region: Region,
    /// Read and check the file, and add nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

#[derive(Debug, Args)]
pub struct ExportCommand {
    /// The user: an extension's number, a user's id or key, or a search that finds one user
    #[arg(long, value_name = "EXTENSION|USER")]
    extension: String,
    /// The format [default: by the file's name, else vcf]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

pub async fn contact(context: &AdminContext, command: ContactCommand) -> Outcome {
    match command {
        ContactCommand::Import(command) => import(context, command).await,
        ContactCommand::Export(command) => export(context, command).await,
    }
}

async fn import(context: &AdminContext, command: ImportCommand) -> Outcome {
    let format = Format::of(command.format, &command.file)?;
    let workspace = context.handle(&command.workspace).await?;
    let extension = find_extension(&workspace, &command.extension).await?;
    let input = Input::open(&command.file)?;
    let mut report = Report::new(context, &input, command.dry_run);
    let mut records = match format {
        Format::Vcf => vcard::records(input.reader),
        Format::Csv => spreadsheet::records(input.reader)?,
    };
    let mut batch = Vec::with_capacity(BATCH);
    // What was read before it is added.
    let mut fault = None;
    loop {
        let record = records.next().and_then(|record| record.map_err(|error| fault = Some(error)).ok());
        let is_last = record.is_none();
        if let Some(Record { line, content }) = record {
            let contact = content.and_then(|draft| {
                let (key, exported) = (draft.key(), draft.exported_from(&workspace));
                let (fields, left_out) = draft.fields(command.region)?;
                Ok((ImportedContact { key: key.unwrap_or_else(|| draft::key_of(&fields)), exported, fields }, left_out))
            });
            match contact {
                Ok((contact, left_out)) => {
                    report.leave_out(line, &left_out)?;
                    batch.push(contact);
                }
                Err(reasons) => report.refuse(line, &reasons)?,
            }
        }
        if batch.len() == BATCH || is_last {
            add(context, (&workspace, &extension), std::mem::take(&mut batch), &mut report, command.dry_run).await?;
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

/// Adds the contacts in one unit of work.
async fn add(
    context: &AdminContext,
    (workspace, extension): (&Workspace, &Extension),
    batch: Vec<ImportedContact>,
    report: &mut Report,
    is_dry_run: bool,
) -> Outcome {
    let count = batch.len() as u64;
    let added = match is_dry_run || batch.is_empty() {
        true => count,
        false => workspace.import_contacts(extension.user_identity_id, batch, context.now()).await?.len() as u64,
    };
    report.added += added;
    report.present += count - added;
    Ok(())
}

async fn export(context: &AdminContext, command: ExportCommand) -> Outcome {
    let by_name = command.output.as_deref().and_then(|path| Format::of(None, path).ok());
    let format = command.format.or(by_name).unwrap_or(Format::Vcf);
    let workspace = context.handle(&command.workspace).await?;
    let extension = find_extension(&workspace, &command.extension).await?;
    let mut output = Output::open(command.output)?;
    let mut sheet = spreadsheet::Sheet::default();
    let (mut after, mut is_open) = (ContactId(0), true);
    if format == Format::Csv {
        is_open = output.write(&sheet.heading()?, 0)?;
    }
    while is_open {
        let contacts = workspace.export_contacts(extension.user_identity_id, after, i64::try_from(BATCH)?).await?;
        let Some((last, _)) = contacts.last() else { break };
        after = *last;
        let mut bytes = Vec::new();
        for (id, fields) in &contacts {
            let uid = draft::exported_uid(&workspace, *id);
            match format {
                Format::Vcf => bytes.extend(vcard::card(&uid, fields)?.into_bytes()),
                Format::Csv => bytes.extend(sheet.row(&uid, fields)?),
            }
        }
        is_open = output.write(&bytes, contacts.len() as u64)?;
    }
    let (count, file) = output.finish()?;
    if let Some(file) = file {
        let left_out = match sheet.left_out {
            0 => String::new(),
            addresses => format!(" A contact has one address of a kind in CSV; {addresses} were left out."),
        };
        let value = json!({ "exported": count, "file": file, "left_out": sheet.left_out });
        context.print(&value, &format!("Exported: {count}.{left_out}"))?;
    }
    Ok(())
}

/// The extension with this number, or that of a user.
async fn find_extension(workspace: &Workspace, text: &str) -> Result<Extension, Box<dyn Error>> {
    if let Ok(number) = text.parse() {
        match workspace.extension(Prefetched::Nothing, ExtensionId(number)).await {
            Err(error::Error::NotFound(..)) => {}
            found => return Ok(found?),
        }
    }
    let user = user::find(workspace, text).await?;
    Ok(workspace.extension_of(user.user_identity_id).await?)
}
