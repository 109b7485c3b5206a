//! `handset migrate`: the schema, and the distribution of its tables over the nodes of a cluster.

use super::admin::{AdminContext, Outcome};
use super::database::{DatabaseSource, connect};
use super::output::{count, escaped, escaped_lines, note, print, table};
use crate::config::Config;
use crate::store::{DistributionPlan, DistributionProgress, Store, UndistributedTable};
use clap::Args;
use serde_json::json;
use std::time::Duration;

#[derive(Debug, Args)]
pub struct MigrateCommand {
    /// Distribute the tables over the nodes of a Citus cluster. Repeat it after adding a node
    #[arg(long)]
    distribute: bool,
    /// Say what --distribute would do, table by table, and change nothing
    #[arg(long, requires = "distribute")]
    dry_run: bool,
}

/// Applies the migrations, and distributes the tables if that is asked for.
pub async fn run(config: &Config, json: bool, command: MigrateCommand) -> Outcome {
    match command.dry_run {
        true => plan(config, json).await,
        false => AdminContext::run(config, json, migrate, command).await,
    }
}

async fn migrate(context: &AdminContext, command: MigrateCommand) -> Outcome {
    if !command.distribute {
        return context.print(&json!({ "migrated": true }), "The schema is up to date.");
    }
    let tables = context.store().distribute(|progress| note(&line(progress))).await?;
    let text = match tables.as_slice() {
        [] => "The schema is up to date, and every table is distributed.".to_owned(),
        tables => format!("The schema is up to date. Distributed: {}.", tables.join(", ")),
    };
    context.print(&json!({ "migrated": true, "distributed": tables }), &text)
}

/// Prints what `--distribute` would do.
async fn plan(config: &Config, json: bool) -> Outcome {
    let (url, cluster) = connect(config, DatabaseSource::Administration).await?;
    let plan = Store::plan_distribution(&url, config.schema.as_ref()).await;
    if let Some(cluster) = cluster {
        cluster.stop().await;
    }
    let DistributionPlan { pending_migrations, tables, new_nodes } = plan?;
    if json {
        let tables = tables.iter().map(|table| {
            json!({
                "table": table.name,
                "placement": placement(table),
                "estimated_rows": table.estimated_rows,
                "bytes": table.bytes,
            })
        });
        let value = json!({
            "dry_run": true,
            "pending_migrations": pending_migrations,
            "tables": tables.collect::<Vec<_>>(),
            "new_nodes": new_nodes,
        });
        print(&(escaped(&value.to_string()) + "\n"))?;
        return Ok(());
    }
    if pending_migrations > 0 {
        note(&format!(
            "{} would be applied first. Run `handset migrate`; then this command says what would be distributed. Nothing \
             was changed.",
            count(pending_migrations, "migration")
        ));
        return Ok(());
    }
    let rows = tables.iter().map(|table| {
        let rows = table.estimated_rows.map_or("unknown".to_owned(), |rows| rows.to_string());
        [table.name.clone(), placement(table).to_owned(), rows, size(table.bytes)]
    });
    if !tables.is_empty() {
        print(&(escaped_lines(&self::table(["TABLE", "WOULD BE", "ROWS (ABOUT)", "SIZE"], rows)) + "\n"))?;
    }
    note(match tables.len() {
        0 => "Every table is distributed.",
        _ => "Nothing was distributed. Meanwhile all of these tables would be locked.",
    });
    if !new_nodes.is_empty() {
        note(&format!("The tables that each node has would be copied to {}.", new_nodes.join(", ")));
    }
    Ok(())
}

fn placement(table: &UndistributedTable) -> &'static str {
    match table.distribution_column.as_deref() {
        Some("workspace_id") => "divided by workspace",
        Some(_) => "divided by number",
        None => "copied to each node",
    }
}

/// What is told of a table that is done.
fn line(progress: &DistributionProgress<'_>) -> String {
    let DistributionProgress { table, number, count, took, left } = progress;
    let (name, size) = (&table.name, size(table.bytes));
    let left = match number == count {
        true => String::new(),
        false => format!("; about {} left", seconds(*left)),
    };
    format!("{number} of {count}: {name} ({size}) {} in {}{left}", placement(table), seconds(*took))
}

fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

fn size(bytes: i64) -> String {
    match bytes {
        ..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}
