//! What a backup and a restore need of the database beside Postgres's own programs: how these connect, a snapshot with what
//! is known of it, whether the database is empty, and what a restored dump lacks.

use crate::store::migrate::lock_migrations;
use crate::store::pool::hosts::Hosts;
use crate::store::schema::SchemaState;
use crate::store::{OpenError, SchemaName, schema};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::path::Path;

/// Fault of deliveries that were pending in a backup.
const DROPPED: &str = "dropped when a backup was restored";

/// Where systems keep the certificates that they trust.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// A database that is backed up or restored, without the pools and the seal of a server.
#[derive(Debug)]
pub struct BackupDatabase {
    options: PgConnectOptions,
    schema: Option<SchemaName>,
}

/// Why a database cannot be backed up or restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("this database has no tables of Handset, so there is nothing to back up")]
    NothingToBackUp,
    #[error(
        "this database has Handset's tables already. Nothing was changed. Restore into a database of its own, or into a data \
         directory that does not exist yet (--data-dir), and keep this one until the restored one works"
    )]
    NotEmpty,
}

/// What Postgres's own programs need to connect to the database.
#[derive(Debug)]
pub struct ClientSettings {
    pub database: String,
    /// libpq's environment variables, with the password.
    pub variables: Vec<(&'static str, String)>,
}

/// A snapshot of the database. It is there until this is dropped.
pub struct Snapshot {
    /// The id by which another session uses the snapshot.
    pub id: String,
    pub schema: String,
    pub last_migration: i64,
    pub seal_fingerprint: Option<Vec<u8>>,
    _transaction: PgConnection,
}

/// An empty database. No server migrates it until this is dropped or completed.
pub struct Restoring {
    /// Whether the schema of the tables exists.
    pub has_schema: bool,
    /// The schema that the tables will be in.
    pub schema: String,
    transaction: PgConnection,
}

/// The version of the newest migration of this build.
pub fn last_migration() -> i64 {
    schema::MIGRATOR.iter().map(|step| step.version).max().unwrap_or_default()
}

impl BackupDatabase {
    /// Finds the host of `url` that accepts writes.
    pub async fn open(url: &str, schema: Option<&SchemaName>) -> Result<BackupDatabase, OpenError> {
        let hosts = Hosts::parse(url).map_err(OpenError::Url)?.in_schema(schema).without_limits();
        let options = hosts.writable().await.map_err(OpenError::Connect)?;
        Ok(BackupDatabase { options, schema: schema.cloned() })
    }

    async fn connect(&self) -> Result<PgConnection, OpenError> {
        PgConnection::connect_with(&self.options).await.map_err(OpenError::Connect)
    }

    /// The major version of Postgres.
    pub async fn postgres_major(&self) -> Result<u32, OpenError> {
        let mut connection = self.connect().await?;
        let number = sqlx::query_scalar!(r#"select current_setting('server_version_num')::int as "number!""#)
            .fetch_one(&mut connection)
            .await
            .map_err(OpenError::Connect)?;
        Ok(number.unsigned_abs() / 10_000)
    }

    /// How Postgres's own programs connect.
    pub fn client_settings(&self) -> ClientSettings {
        let options = &self.options;
        let mut variables = vec![
            ("PGHOST", host(options)),
            ("PGPORT", options.get_port().to_string()),
            ("PGUSER", options.get_username().to_owned()),
            ("PGSSLMODE", ssl_mode(options.get_ssl_mode()).to_owned()),
            ("PGOPTIONS", options.get_options().unwrap_or_default().to_owned()),
            ("PGAPPNAME", "handset-backup".to_owned()),
        ];
        variables.extend(secrets(options));
        // As Postgres's clients do.
        let database = options.get_database().unwrap_or(options.get_username()).to_owned();
        ClientSettings { database, variables }
    }

    /// Takes a snapshot. A database without Handset's tables is an error, as is one of another program.
    pub async fn snapshot(&self) -> Result<Snapshot, RestoreError> {
        let mut connection = self.connect().await?;
        let state = schema::check(&mut connection, self.schema.as_ref()).await?;
        if state == SchemaState::Empty {
            return Err(RestoreError::NothingToBackUp);
        }
        sqlx::query!("begin transaction isolation level repeatable read, read only").execute(&mut connection).await?;
        let found = sqlx::query!(r#"select pg_export_snapshot() as "id!", current_schema()::text as "schema!""#)
            .fetch_one(&mut connection)
            .await?;
        let seal_fingerprint = schema::seal_fingerprint(&mut connection, state).await?;
        let applied = schema::applied(&mut connection).await.map_err(OpenError::from)?;
        Ok(Snapshot {
            id: found.id,
            schema: found.schema,
            last_migration: applied.into_iter().max().unwrap_or_default(),
            seal_fingerprint,
            _transaction: connection,
        })
    }

    /// Checks that there are no tables, neither Handset's nor another program's, and keeps servers from creating any.
    pub async fn begin_restore(&self) -> Result<Restoring, RestoreError> {
        let mut transaction = self.connect().await?;
        sqlx::query!("begin").execute(&mut transaction).await?;
        lock_migrations(&mut transaction, self.schema.as_ref()).await?;
        let current = sqlx::query!(
            r#"
            select current_schema()::text as name,
                to_regclass(quote_ident(current_schema()) || '._sqlx_migrations') is not null as "has_migrations!"
            "#
        )
        .fetch_one(&mut transaction)
        .await?;
        let (schema, has_schema) = match (current.name, &self.schema) {
            (Some(name), Some(wanted)) if name != wanted.as_str() => {
                return Err(OpenError::SchemaIgnored { schema: wanted.clone() }.into());
            }
            (Some(name), _) => (name, true),
            (None, Some(wanted)) => (wanted.as_str().to_owned(), false),
            (None, None) => return Err(OpenError::NoSchema.into()),
        };
        if current.has_migrations {
            return Err(RestoreError::NotEmpty);
        }
        schema::refuse_tables_of_others(&mut transaction, self.schema.as_ref(), schema.clone()).await?;
        Ok(Restoring { has_schema, schema, transaction })
    }
}

impl Restoring {
    /// Completes a restored dump, in one transaction. The dump is restored without privileges, whose roles may not exist:
    /// the one that guards the audit trail from every role is set again. Returns the number of pending deliveries.
    pub async fn complete(self, drop_pending: bool) -> sqlx::Result<u64> {
        let mut transaction = self.transaction;
        // Its function is missing in a backup of a version before it, whose migration then does the same.
        sqlx::query!(
            r#"
            do $$
            begin
                if to_regprocedure('forget_audit(timestamptz, bigint)') is not null then
                    revoke execute on function forget_audit(timestamptz, bigint) from public;
                end if;
            end
            $$
            "#
        )
        .execute(&mut transaction)
        .await?;
        let pending = match drop_pending {
            true => sqlx::query!("update delivery set status = 'failed', fault = $1 where status = 'pending'", DROPPED)
                .execute(&mut transaction)
                .await?
                .rows_affected(),
            false => sqlx::query_scalar!(r#"select count(*) as "count!" from delivery where status = 'pending'"#)
                .fetch_one(&mut transaction)
                .await?
                .unsigned_abs(),
        };
        sqlx::query!("commit").execute(&mut transaction).await?;
        // A dump has no statistics of the planner. It is no part of the transaction: a table may belong to another role.
        sqlx::query!("analyze").execute(&mut transaction).await?;
        transaction.close().await?;
        Ok(pending)
    }
}

fn host(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(directory) => directory.to_string_lossy().into_owned(),
        // libpq takes the address of IPv6 without brackets.
        None => options.get_host().trim_start_matches('[').trim_end_matches(']').to_owned(),
    }
}

/// The password and the files of certificates, which the options tell only as parts of a URL. Names that a URL would have to
/// escape are replaced there.
fn secrets(options: &PgConnectOptions) -> Vec<(&'static str, String)> {
    let url = options.clone().username("user").host("host").database("database").to_url_lossy();
    let mut found = Vec::new();
    if let Some(password) = url.password() {
        let password = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
        found.push(("PGPASSWORD", password.into_owned()));
    }
    for (name, value) in url.query_pairs() {
        let variable = match &*name {
            "sslrootcert" => "PGSSLROOTCERT",
            "sslcert" => "PGSSLCERT",
            "sslkey" => "PGSSLKEY",
            _ => continue,
        };
        found.push((variable, value.trim_start_matches("file: ").to_owned()));
    }
    let is_verified = matches!(options.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    if is_verified && !found.iter().any(|(name, _)| *name == "PGSSLROOTCERT") {
        // The roots of the system, as sqlx uses them; libpq needs to be told.
        found.extend(
            SYSTEM_ROOTS.iter().find(|file| Path::new(file).exists()).map(|&file| ("PGSSLROOTCERT", file.into())),
        );
    }
    found
}

fn ssl_mode(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    }
}
