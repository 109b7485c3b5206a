//! The Postgres schema that has the tables, and whether a database may be used: a database that another program uses is
//! refused before anything is written.

use crate::store::OpenError;
use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};
use sqlx::{PgConnection, SqlStr};
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// sqlx's table of the applied migrations.
const MIGRATIONS: &str = "_sqlx_migrations";

/// SQLSTATE of a missing privilege.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// A clause of migration 20 that only a superuser may write, since its setting is not Postgres's own. Migration 31 replaces
/// the function, without the clause.
const SUPERUSER_CLAUSE: (i64, &str) = (20, "    set handset.forgets = 'yes'\n");

/// The migrations, as any owner of the schema may apply them. The checksums are those of the files.
pub(super) static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrator = sqlx::migrate!();
    // Ignores a newer version's migrations, so that the previous version can start during an upgrade.
    migrator.set_locking(false).set_ignore_missing(true);
    migrator.migrations = migrator.iter().cloned().map(without_superuser).collect();
    migrator
});

fn without_superuser(migration: Migration) -> Migration {
    let (version, clause) = SUPERUSER_CLAUSE;
    if migration.version != version {
        return migration;
    }
    // Once in a process.
    let sql: &'static str = migration.sql.as_str().replace(clause, "").leak();
    Migration { sql: SqlStr::from_static(sql), ..migration }
}

/// The name of a schema, which needs no quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaName(String);

/// Why a text is not the name of a schema.
#[derive(Debug, thiserror::Error)]
#[error(
    "a schema's name has 1 to 63 lower-case letters, digits and underscores, and begins with a letter but not with pg_"
)]
pub struct SchemaNameError;

impl FromStr for SchemaName {
    type Err = SchemaNameError;

    fn from_str(text: &str) -> Result<SchemaName, SchemaNameError> {
        let is_plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        let begins_well = text.starts_with(|first: char| first.is_ascii_lowercase())
            && !text.starts_with("pg_")
            && text != "information_schema";
        let is_name = is_plain && begins_well && text.len() <= 63;
        is_name.then(|| SchemaName(text.to_owned())).ok_or(SchemaNameError)
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl SchemaName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How far the schema is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SchemaState {
    /// Without Handset's tables.
    Empty,
    /// With migrations of this version to apply.
    Outdated,
    Current,
}

/// Creates the configured schema unless it exists, which needs no right to create one.
pub(super) async fn create(connection: &mut PgConnection, schema: Option<&SchemaName>) -> Result<(), OpenError> {
    let Some(schema) = schema else { return Ok(()) };
    if exists(connection, schema).await? {
        return Ok(());
    }
    // Quoted, since a name may be a reserved word.
    let created = connection.create_schema_if_not_exists(&format!("\"{schema}\"")).await;
    created.map_err(|fault| match is_refused(&fault) {
        true => OpenError::MayNotCreate { schema: schema.clone(), source: fault },
        false => OpenError::Migrate(fault),
    })
}

async fn exists(connection: &mut PgConnection, schema: &SchemaName) -> Result<bool, OpenError> {
    sqlx::query_scalar!(r#"select to_regnamespace($1) is not null as "exists!""#, schema.as_str())
        .fetch_one(connection)
        .await
        .map_err(OpenError::Connect)
}

/// Whether secrets are sealed in this database already, so that a new seal key would not open them.
pub(super) async fn is_sealed(connection: &mut PgConnection, wanted: Option<&SchemaName>) -> Result<bool, OpenError> {
    if let Some(schema) = wanted
        && !exists(connection, schema).await?
    {
        return Ok(false);
    }
    let state = check(connection, wanted).await?;
    Ok(seal_fingerprint(connection, state).await?.is_some())
}

/// Identifies the key that the secrets of a database in this state are sealed with; None before the first start.
pub(super) async fn seal_fingerprint(
    connection: &mut PgConnection,
    state: SchemaState,
) -> Result<Option<Vec<u8>>, OpenError> {
    if state == SchemaState::Empty {
        return Ok(None);
    }
    let known = sqlx::query_scalar!("select seal_fingerprint from deployment").fetch_one(connection).await;
    known.map_err(OpenError::Connect)
}

/// Checks that the tables of this connection's schema are Handset's, or that there are none.
pub(super) async fn check(
    connection: &mut PgConnection,
    wanted: Option<&SchemaName>,
) -> Result<SchemaState, OpenError> {
    let current = sqlx::query!(
        r#"
        select current_schema()::text as name,
            to_regclass(quote_ident(current_schema()) || '._sqlx_migrations') is not null as "has_migrations!"
        "#
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(OpenError::Connect)?;
    let Some(name) = current.name else { return Err(OpenError::NoSchema) };
    if let Some(wanted) = wanted.filter(|wanted| wanted.as_str() != name) {
        return Err(OpenError::SchemaIgnored { schema: wanted.clone() });
    }
    if current.has_migrations {
        let applied = connection.list_applied_migrations(MIGRATIONS).await?;
        let is_applied = |version, checksum: &[u8]| {
            applied.iter().any(|known| known.version == version && *known.checksum == *checksum)
        };
        // The first migration never changes. Another program that uses sqlx has another one.
        if MIGRATOR.iter().take(1).all(|first| is_applied(first.version, &first.checksum)) {
            let is_current = MIGRATOR.iter().all(|step| is_applied(step.version, &step.checksum));
            return Ok(if is_current { SchemaState::Current } else { SchemaState::Outdated });
        }
    }
    refuse_tables_of_others(connection, wanted, name).await?;
    Ok(SchemaState::Empty)
}

/// Number of migrations to apply. Tables of another program are an error.
pub(super) async fn pending(connection: &mut PgConnection, wanted: Option<&SchemaName>) -> Result<usize, OpenError> {
    match check(connection, wanted).await? {
        SchemaState::Current => Ok(0),
        SchemaState::Empty => Ok(MIGRATOR.iter().count()),
        SchemaState::Outdated => {
            let applied = applied(connection).await?;
            Ok(MIGRATOR.iter().filter(|step| !applied.contains(&step.version)).count())
        }
    }
}

/// The versions of the applied migrations.
pub(super) async fn applied(connection: &mut PgConnection) -> Result<Vec<i64>, MigrateError> {
    let applied = connection.list_applied_migrations(MIGRATIONS).await?;
    Ok(applied.into_iter().map(|migration| migration.version).collect())
}

/// Fails if there is a table, a view or a sequence that belongs to no extension: in the schema that was named, or
/// anywhere in the database.
pub(super) async fn refuse_tables_of_others(
    connection: &mut PgConnection,
    wanted: Option<&SchemaName>,
    current: String,
) -> Result<(), OpenError> {
    let found = sqlx::query!(
        r#"
        select nspname::text as "schema!", coalesce(
            bool_or(relname = 'deployment') and bool_or(relname = '_sqlx_migrations'), false) as "is_handset!"
        from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where nspname not like 'pg\_%' and nspname <> 'information_schema' and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
            and ($1::text is null or nspname = $1)
            and not exists (
                select from pg_depend
                where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e')
        group by nspname
        order by 2 desc, nspname = $2 desc, nspname
        limit 1
        "#,
        wanted.map(SchemaName::as_str),
        current,
    )
    .fetch_optional(connection)
    .await
    .map_err(OpenError::Connect)?;
    match (found, wanted) {
        (None, _) => Ok(()),
        (Some(_), Some(schema)) => Err(OpenError::SchemaInUse { schema: schema.clone() }),
        (Some(found), None) if found.is_handset => Err(OpenError::OtherSchema { schema: found.schema, current }),
        (Some(found), None) => Err(OpenError::DatabaseInUse { schema: found.schema }),
    }
}

/// The error of failed migrations. A role that only serves may not migrate.
pub(super) fn fault_of_migration(fault: MigrateError) -> OpenError {
    if is_refused(&fault) { OpenError::MayNotMigrate(fault) } else { OpenError::Migrate(fault) }
}

fn is_refused(fault: &MigrateError) -> bool {
    let source = match fault {
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => Some(source),
        _ => None,
    };
    let code = source.and_then(sqlx::Error::as_database_error).and_then(|database| database.code());
    code.is_some_and(|code| code == INSUFFICIENT_PRIVILEGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_schemas_are_plain() {
        for name in ["handset", "h", "user", "handset_2", &"a".repeat(63)] {
            assert!(name.parse::<SchemaName>().is_ok(), "{name}");
        }
        for name in
            ["", "Handset", "pg_temp", "information_schema", "2nd", "_x", "a-b", "a,b", "a\"b", "ü", &"a".repeat(64)]
        {
            assert!(name.parse::<SchemaName>().is_err(), "{name}");
        }
    }
}
