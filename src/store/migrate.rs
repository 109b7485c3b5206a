//! Migrations: applied by one server at a time, on a cluster by its coordinator.

use super::distribution::{self, Node};
use super::schema::{self, SchemaState};
use super::{OpenError, SchemaName, Store};
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection};

/// Advisory lock of the schema migrations: an arbitrary number, here "handset" in ASCII. A schema that is named has a lock
/// of its own, so that the servers of two schemas do not wait for each other.
const MIGRATING: i64 = 0x68_61_6e_64_73_65_74;

impl Store {
    /// Applies the migrations in one transaction, one server at a time, and checks that the database's secrets are
    /// sealed with this server's seal. A database with tables of another program is refused, and nothing is changed.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        // A connection of its own has no statement timeout, which a migration may exceed.
        let mut connection = self.hosts.connect().await.map_err(OpenError::Connect)?;
        if distribution::node(&mut connection).await.map_err(OpenError::Connect)?.is_worker {
            if schema::check(&mut connection, self.schema.as_ref()).await? == SchemaState::Current {
                return self.check_fingerprint(connection).await;
            }
            let coordinator = distribution::coordinator(&self.hosts).await.map_err(OpenError::Connect)?;
            connection = coordinator.ok_or(OpenError::Worker)?;
        }
        let own = self.seal.fingerprint();
        if apply(&mut connection, self.schema.as_ref(), own.as_slice()).await? {
            tracing::info!("migrated the database");
        }
        self.check_fingerprint(connection).await
    }

    /// Checks that the database's secrets are sealed with this server's seal, which the first server notes. Uses the
    /// connection that migrated: at a worker there are no tables before they are distributed.
    async fn check_fingerprint(&self, mut connection: PgConnection) -> Result<(), OpenError> {
        let known = fingerprint(&mut connection, self.seal.fingerprint()).await.map_err(OpenError::Connect)?;
        connection.close().await.map_err(OpenError::Connect)?;
        // None: another server stored the first fingerprint concurrently; the key is checked on the next start.
        match known {
            Some(known) if known != self.seal.fingerprint() => Err(OpenError::OtherSeal),
            _ => Ok(()),
        }
    }
}

/// The fingerprint of the database's seal: `own`, if there was none.
async fn fingerprint(connection: &mut PgConnection, own: [u8; 32]) -> sqlx::Result<Option<Vec<u8>>> {
    let mut transaction = connection.begin().await?;
    let noted = sqlx::query_scalar!("select seal_fingerprint from deployment").fetch_one(&mut *transaction).await?;
    let known = match noted {
        // On a cluster an update needs each node, so there is none without need.
        Some(known) => Some(known),
        None => {
            sqlx::query_scalar!(
                r#"
                with first as (
                    update deployment set seal_fingerprint = $1 where seal_fingerprint is null
                    returning seal_fingerprint
                )
                select coalesce((select seal_fingerprint from first), seal_fingerprint) from deployment
                "#,
                own.as_slice(),
            )
            .fetch_one(&mut *transaction)
            .await?
        }
    };
    transaction.commit().await?;
    Ok(known)
}

/// Applies what is missing; false if nothing is. Secrets that another seal has sealed are an error. The lock is part of the
/// transaction, since a pooler in front of Postgres keeps only a transaction on one connection.
async fn apply(
    connection: &mut PgConnection,
    schema: Option<&SchemaName>,
    fingerprint: &[u8],
) -> Result<bool, OpenError> {
    let mut transaction = connection.begin().await.map_err(OpenError::Connect)?;
    lock_migrations(&mut transaction, schema).await.map_err(OpenError::Connect)?;
    schema::create(&mut transaction, schema).await?;
    let state = schema::check(&mut transaction, schema).await?;
    // Before the migrations, which can take long.
    if let Some(known) = schema::seal_fingerprint(&mut transaction, state).await?
        && known != fingerprint
    {
        return Err(OpenError::OtherSeal);
    }
    // Also a role that may not migrate can start a server on an up-to-date schema.
    if state != SchemaState::Current {
        tracing::info!("migrating the database");
        let node = prepare(&mut transaction).await.map_err(OpenError::Connect)?;
        schema::MIGRATOR.run(&mut *transaction).await.map_err(schema::fault_of_migration)?;
        if node.is_distributed {
            distribution::distribute_all(&mut transaction, &mut |_| {}).await.map_err(OpenError::Distribute)?;
        }
    }
    transaction.commit().await.map_err(OpenError::Connect)?;
    Ok(state != SchemaState::Current)
}

/// Waits for the lock of the migrations of a schema, and holds it until the end of the transaction.
pub(super) async fn lock_migrations(transaction: &mut PgConnection, schema: Option<&SchemaName>) -> sqlx::Result<()> {
    let lock = schema.filter(|schema| schema.as_str() != "public").map_or(MIGRATING, lock_of);
    sqlx::query!("select pg_advisory_xact_lock($1)", lock).execute(transaction).await?;
    Ok(())
}

/// Has Citus, if it is there, leave a schema alone that is not distributed, since it would create some of its views and
/// functions on other nodes, and refuse others. A change of distributed tables goes through the nodes one after the
/// other, as is required where they refer to each other.
async fn prepare(transaction: &mut PgConnection) -> sqlx::Result<Node> {
    let node = distribution::node(&mut *transaction).await?;
    if distribution::is_possible(&mut *transaction).await? {
        sqlx::query!(
            r#"
            select set_config('citus.enable_ddl_propagation', $1, true) as propagation,
                set_config('citus.enable_local_reference_table_foreign_keys', 'off', true) as local_tables,
                set_config('citus.multi_shard_modify_mode', 'sequential', true) as mode
            "#,
            if node.is_distributed { "on" } else { "off" },
        )
        .fetch_one(transaction)
        .await?;
    }
    Ok(node)
}

/// The lock of the migrations of a schema.
fn lock_of(schema: &SchemaName) -> i64 {
    let digest = Sha256::digest(schema.as_str());
    MIGRATING ^ i64::from_be_bytes(*digest.first_chunk().expect("a digest has 32 bytes"))
}
