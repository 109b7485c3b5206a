//! Limits of a merge.

use super::Merge;
use crate::domain::event::EventType;
use crate::domain::id::UserIdentityId;
use crate::domain::phone::{MAX_DEVICE_ACCESS, MAX_PHONES};
use crate::domain::user_identity::*;
use crate::error::{Error, MergeRefusal, Reason, Result};
use crate::store::Workspace;
use crate::store::pool::UnitConnection;

/// What a user identity has, as numbers.
struct Holdings {
    user_identity_id: UserIdentityId,
    phones: i64,
    sync_credentials: i64,
    /// Credentials that wait for a phone.
    waiting_credentials: i64,
    accessible_devices: i64,
    /// Phones and credentials that a merge moves.
    moved_credentials: i64,
    /// The most rows of another kind that a merge moves, or deletes with the merged one.
    moved: i64,
    merged: i64,
    is_in_directory: bool,
}

impl Merge {
    /// Refuses a merge beyond a limit, and one that would take a user from a company's directory. `webhooks` is the number of those
    /// that take the event of an issued credential.
    fn check(&self, holdings: &[Holdings], webhooks: i64) -> Result<()> {
        let phones: i64 = holdings.iter().map(|person| person.phones).sum();
        let devices: i64 = holdings.iter().map(|person| person.accessible_devices).sum();
        let aliases = holdings.iter().map(|person| person.merged).sum::<i64>() + count(self.merged.len());
        let children: i64 = holdings.iter().map(|person| person.sync_credentials * (phones - person.phones)).sum();
        let waiting: i64 = holdings.iter().filter(|_| phones > 0).map(|person| person.waiting_credentials).sum();
        let issued = children + waiting;
        let (primary, merged): (Vec<_>, Vec<_>) =
            holdings.iter().partition(|person| person.user_identity_id == self.primary);
        let moved = merged.iter().map(|person| person.moved).sum::<i64>();
        let moved_credentials = merged.iter().map(|person| person.moved_credentials).sum::<i64>();
        let is_known = primary.iter().any(|person| person.is_in_directory);
        let reason = match () {
            () if phones > MAX_PHONES => Reason::TooManyPhones(MAX_PHONES),
            () if devices > MAX_DEVICE_ACCESS => Reason::TooManyAccessibleDevices(MAX_DEVICE_ACCESS),
            () if aliases > MAX_MERGED => Reason::NotMergeable(MergeRefusal::TooMany(MAX_MERGED)),
            () if moved > MAX_MOVED => Reason::NotMergeable(MergeRefusal::TooLarge(MAX_MOVED)),
            () if moved_credentials > MAX_MOVED_CREDENTIALS => {
                Reason::NotMergeable(MergeRefusal::TooManyCredentials(MAX_MOVED_CREDENTIALS))
            }
            () if issued > MAX_ISSUED || issued * webhooks > MAX_ISSUED_DELIVERIES => {
                let (credentials, deliveries) = (MAX_ISSUED, MAX_ISSUED_DELIVERIES);
                Reason::NotMergeable(MergeRefusal::TooManyIssued { credentials, deliveries })
            }
            () if !is_known && merged.iter().any(|person| person.is_in_directory) => {
                Reason::NotMergeable(MergeRefusal::InDirectory)
            }
            () => return Ok(()),
        };
        Err(Error::Conflict(reason))
    }
}

impl Workspace {
    /// Refuses a merge beyond a limit, under the locks of the user identities and their phones.
    pub(super) async fn check_merge(&self, connection: &mut UnitConnection<'_>, merge: &Merge) -> Result<()> {
        let holdings = self.holdings(connection, merge).await?;
        let webhooks = self.count_webhooks_of(connection, EventType::AcsCredentialIssued).await?;
        merge.check(&holdings, webhooks)
    }

    async fn holdings(&self, connection: &mut UnitConnection<'_>, merge: &Merge) -> Result<Vec<Holdings>> {
        Ok(sqlx::query_as!(
            Holdings,
            r#"
            select person as "user_identity_id!: UserIdentityId", (
                    select count(*) from phone
                    where workspace_id = $1 and user_identity_id = person and deactivated_at is null
                ) as "phones!", (
                    select count(*) from credential
                    where workspace_id = $1 and user_identity_id = person and is_multi_phone_sync_credential
                ) as "sync_credentials!", (
                    select count(*) from credential
                    where workspace_id = $1 and user_identity_id = person and device_id is null
                        and access_method = 'mobile_key' and not is_multi_phone_sync_credential
                ) as "waiting_credentials!", (
                    select count(*) from device_access where workspace_id = $1 and user_identity_id = person
                ) as "accessible_devices!", (
                    select count(*) from phone where workspace_id = $1 and user_identity_id = person
                ) + (
                    select count(*) from credential where workspace_id = $1 and user_identity_id = person
                ) as "moved_credentials!", greatest((
                    select contact_count from user_identity where workspace_id = $1 and user_identity_id = person
                ), (
                    select count(*) from contact where workspace_id = $1 and user_identity_id = person
                ), (
                    select count(*) from contact_group where workspace_id = $1 and user_identity_id = person
                ), (
                    select count(*) from client_session where workspace_id = $1 and user_identity_id = person
                )) as "moved!", (
                    select count(*) from merged_user_identity where workspace_id = $1 and user_identity_id = person
                ) as "merged!", exists (
                    select from scim_user
                    where workspace_id = $1 and user_identity_id = person and deleted_at is null
                ) as "is_in_directory!"
            from unnest($2::uuid[]) as person
            "#,
            self.workspace_id(),
            &merge.all(),
        )
        .fetch_all(connection)
        .await?)
    }

    /// Number of enabled webhooks that take events of a type.
    async fn count_webhooks_of(&self, connection: &mut UnitConnection<'_>, event_type: EventType) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"
            select count(*) as "count!" from webhook
            where workspace_id = $1 and disabled_at is null and webhook_wants(event_types, $2, $3)
            "#,
            self.workspace_id(),
            event_type.into_str(),
            event_type.is_opt_in(),
        )
        .fetch_one(connection)
        .await?)
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
