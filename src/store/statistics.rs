//! The planner's statistics. Autovacuum brings them up to date a minute or more after a large change; until then plans are
//! made for the table as it was.

use crate::error::Result;
use crate::store::Store;

impl Store {
    /// Brings the statistics of what imports fill up to date. A role that does not own the tables changes nothing.
    pub async fn analyze_imported(&self) -> Result<()> {
        sqlx::query!("analyze user_identity, contact, contact_number").execute(self.writer()).await?;
        Ok(())
    }
}
