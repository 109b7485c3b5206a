//! User identities as subscribers of telephony.

use crate::domain::application::Application;
use crate::domain::id::*;
use crate::domain::presence::{Availability, Presence};
use crate::domain::slot::{Slot, SlotType};
use crate::domain::subscriber::Subscriber;
use crate::domain::user_identity::UserIdentity;
use crate::error::{ResourceKind, Result};
use crate::store::batch::Lookup;
use crate::store::sql::found;
use crate::store::{Store, Workspace};
use chrono::{DateTime, Utc};
use strum::VariantArray;
use uuid::Uuid;

/// A user identity and a slot, with the application that was asked for.
pub(in crate::store) struct SubscriberRow {
    /// Index of the lookup, from one.
    pub position: i64,
    pub workspace_id: WorkspaceId,
    pub user_identity_id: UserIdentityId,
    pub user_identity_key: Option<String>,
    pub email_address: Option<String>,
    pub phone_number: Option<String>,
    pub full_name: Option<String>,
    pub created_at: DateTime<Utc>,
    pub enterprise_voice: bool,
    pub application_id: Option<i64>,
    pub culture: Option<String>,
    pub user_agent: Option<String>,
    pub instance_id: Option<String>,
    pub application_type: Option<String>,
    pub is_available: Option<bool>,
    pub availability: Option<Availability>,
    pub note: Option<String>,
    pub location: Option<String>,
    pub slot_type: SlotType,
    pub number: String,
    pub include_in_contact_card: bool,
    pub version: i64,
    pub is_managed: bool,
}

impl Workspace {
    /// A subscriber with its current slots, and the application with this id if it is the subscriber's. A number that
    /// the workspace has assigned is in the work slot and hides the user identity's own.
    pub async fn subscriber(
        &self,
        person: UserIdentityId,
        application: Option<ApplicationId>,
        now: DateTime<Utc>,
    ) -> Result<Subscriber> {
        found(self.look_up(SubscriberKey { person, application, now }).await?, ResourceKind::UserIdentity, person)
    }
}

/// A subscriber to read, with one of its applications, at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriberKey {
    pub person: UserIdentityId,
    pub application: Option<ApplicationId>,
    pub now: DateTime<Utc>,
}

impl Lookup for Subscriber {
    type Key = SubscriberKey;

    async fn all(keys: Vec<SubscriberKey>, workspace: &Workspace) -> Result<Vec<Option<Subscriber>>> {
        let persons: Vec<Uuid> = keys.iter().map(|key| key.person.0).collect();
        let times: Vec<DateTime<Utc>> = keys.iter().map(|key| key.now).collect();
        let applications: Vec<Option<i64>> = keys.iter().map(|key| key.application.map(|id| id.0)).collect();
        let rows = managed_number!(query_as(
            SubscriberRow,
            r#"
            select position as "position!", person.workspace_id, person.user_identity_id, user_identity_key,
                email_address, phone_number, full_name, person.created_at, enterprise_voice,
                application.application_id as "application_id?", culture as "culture?", user_agent as "user_agent?",
                instance_id, application_type, is_available as "is_available?",
                availability as "availability?: Availability", note as "note?", location as "location?",
                slot_type as "slot_type!: SlotType",
                coalesce('tel:' || managed.number, slot.number, '') as "number!",
                managed.number is not null or coalesce(include_in_contact_card, false) as "include_in_contact_card!",
                coalesce(version, 1) - (managed.number is not null)::int as "version!",
                managed.number is not null as "is_managed!"
            from unnest($2::uuid[], $3::timestamptz[], $4::bigint[]) with ordinality
                as requested (user_identity_id, now, application_id, position)
            join user_identity as person using (user_identity_id)
            cross join unnest(array['work', 'mobile', 'home', 'other']) with ordinality as kind (slot_type, place)
            left join slot using (workspace_id, user_identity_id, slot_type)
            left join lateral ("#,
            r#") as managed on true
            left join lateral (
                select application_id, culture, user_agent, instance_id, application_type, is_available,
                    availability, note, location
                from application
                where workspace_id = $1 and user_identity_id = requested.user_identity_id
                    and application_id = requested.application_id
            ) as application on true
            where person.workspace_id = $1
            order by position, place
            "#,
            workspace.workspace_id(),
            &persons,
            &times,
            &applications as _,
        ));
        let mut rows = workspace.store.read_short(rows).await?.into_iter().peekable();
        let at_position = |position: usize| i64::try_from(position).unwrap_or(i64::MAX);
        let slots =
            |position| std::iter::from_fn(|| rows.next_if(|row| row.position == at_position(position))).collect();
        Ok((1..=keys.len()).map(slots).map(Subscriber::of).collect())
    }
}

impl Subscriber {
    /// From one row per slot; None if there is none.
    pub(in crate::store) fn of(rows: Vec<SubscriberRow>) -> Option<Subscriber> {
        let mut subscriber: Option<Subscriber> = None;
        for row in rows {
            let slot = Slot {
                slot_type: row.slot_type,
                number: row.number,
                include_in_contact_card: row.include_in_contact_card,
                version: row.version,
                is_managed: row.is_managed,
            };
            let whole = subscriber.get_or_insert_with(|| Subscriber {
                person: UserIdentity {
                    workspace_id: row.workspace_id,
                    user_identity_id: row.user_identity_id,
                    user_identity_key: row.user_identity_key,
                    email_address: row.email_address,
                    phone_number: row.phone_number,
                    full_name: row.full_name,
                    created_at: row.created_at,
                    merged_user_identity_ids: Vec::new(),
                    merged_user_identity_keys: Vec::new(),
                },
                enterprise_voice: row.enterprise_voice,
                slots: Vec::with_capacity(SlotType::VARIANTS.len()),
                application: row.application_id.map(|id| Application {
                    application_id: ApplicationId(id),
                    culture: row.culture.unwrap_or_default(),
                    user_agent: row.user_agent.unwrap_or_default(),
                    instance_id: row.instance_id,
                    application_type: row.application_type,
                    presence: Presence {
                        is_available: row.is_available.unwrap_or_default(),
                        availability: row.availability,
                        note: row.note,
                        location: row.location,
                    },
                }),
            });
            whole.slots.push(slot);
        }
        subscriber
    }
}

impl Store {
    /// Turns voice on or off for a user identity in any workspace.
    pub async fn set_enterprise_voice(&self, person: UserIdentityId, is_on: bool) -> Result<()> {
        let set = sqlx::query!(
            "update user_identity set enterprise_voice = $2 where user_identity_id = $1",
            person.0,
            is_on,
        )
        .execute(self.writer())
        .await?;
        found((set.rows_affected() > 0).then_some(()), ResourceKind::UserIdentity, person)
    }
}
