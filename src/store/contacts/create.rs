//! Creation of contacts. Concurrent ones in a workspace share a statement, as deactivations do; those of one user identity
//! count its contacts together.

use super::{GROUP_KEY, document, group};
use crate::domain::contact::*;
use crate::domain::id::{ContactGroupId, ContactId, UserIdentityId};
use crate::error::{ResourceKind, Result};
use crate::store::Workspace;
use crate::store::batch::{SharedWrite, column, in_order};
use crate::store::sql::{faults::missing, found};
use chrono::{DateTime, Utc};

/// A contact to create, as one request asks.
#[derive(Debug, Clone)]
pub(in crate::store) struct NewContact {
    person: UserIdentityId,
    fields: ContactFields,
    at: DateTime<Utc>,
}

/// A contact that was created.
struct Row {
    /// Index of the request, from one.
    place: i64,
    contact_id: ContactId,
    said: ContactDocument,
    contact_group_id: Option<ContactGroupId>,
    group_name: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl SharedWrite for NewContact {
    /// None if there is no such user identity.
    type Outcome = Option<Contact>;

    async fn write(
        workspace: Workspace,
        requests: Vec<NewContact>,
        waits: bool,
    ) -> Result<Vec<Option<Option<Contact>>>> {
        workspace.insert_contacts(&requests, waits).await
    }
}

impl Workspace {
    /// Creates a contact. A group that is not the user identity's is `NotFound`.
    pub async fn create_contact(
        &self,
        person: UserIdentityId,
        fields: ContactFields,
        now: DateTime<Utc>,
    ) -> Result<Contact> {
        found(self.write(NewContact { person, fields, at: now }).await?, ResourceKind::UserIdentity, person)
    }

    /// Inserts the contacts in one statement and returns them in the order of the requests. `waits`: for the transactions
    /// that change a user identity; else its contacts are passed over.
    #[expect(clippy::too_many_lines, reason = "one statement with its columns")]
    async fn insert_contacts(&self, requests: &[NewContact], waits: bool) -> Result<Vec<Option<Option<Contact>>>> {
        let ids = self.draw_ids("contact_id_sequence", requests.len()).await?;
        let rows = sqlx::query_as!(
            Row,
            r#"
            with requested as materialized (
                select * from unnest($2::uuid[], $3::bigint[], $4::jsonb[], $5::jsonb[], $6::jsonb[], $7::jsonb[],
                    $8::timestamptz[], $10::bigint[]) with ordinality
                    as requested (person, group_id, texts, emails, phone_numbers, addresses, at, drawn_id, place)
            ), free as materialized (
                select user_identity_id from user_identity
                where workspace_id = $1 and user_identity_id = any ($2) and not $9
                for no key update skip locked
            ), counted as (
                update user_identity set contact_count = contact_count + new_contacts
                from (select person, count(*) as new_contacts from requested group by person) as new_contact
                where workspace_id = $1 and user_identity_id = person
                    and ($9 or user_identity_id in (select user_identity_id from free))
                returning user_identity_id
            ), accepted as materialized (
                select requested.*, row_number() over (order by place) as rank
                from requested join counted on user_identity_id = person
            ), inserted as (
                insert into contact (workspace_id, contact_id, user_identity_id, contact_group_id, emails, phone_numbers,
                    addresses, created_at, updated_at, prefix, first_name, middle_name, last_name, suffix, nickname,
                    company, phonetic_first_name, phonetic_middle_name, phonetic_last_name, department, job_title)
                select $1, coalesce(drawn_id, nextval('contact_id_sequence')), person, group_id, emails, phone_numbers, addresses,
                    date_trunc('second', at), date_trunc('second', at), texts ->> 0, texts ->> 1, texts ->> 2, texts ->> 3, texts ->> 4, texts ->> 5,
                    texts ->> 6, texts ->> 7, texts ->> 8, texts ->> 9, texts ->> 10, texts ->> 11
                from accepted
                order by rank
                returning contact_id, said, contact_group_id, created_at, updated_at
            ), made as materialized (
                select *, row_number() over (order by contact_id) as rank from inserted
            ), numbers as (
                insert into contact_number (workspace_id, contact_id, place, user_identity_id, normalized, entered)
                select $1, contact_id, number.place, person, number.document ->> 'normalized', number.document ->> 'number'
                from made join accepted using (rank)
                cross join lateral jsonb_array_elements(phone_numbers) with ordinality as number (document, place)
            )
            select place as "place!", contact_id as "contact_id: ContactId", said as "said!: ContactDocument",
                contact_group_id as "contact_group_id: ContactGroupId", (
                    select name from contact_group
                    where workspace_id = $1 and contact_group.contact_group_id = made.contact_group_id
                ) as group_name, created_at, updated_at
            from made join accepted using (rank)
            "#,
            self.workspace_id(),
            &column(requests, |request| request.person.0),
            &column(requests, |request| request.fields.group.map(|id| id.0)) as _,
            &column(requests, |request| document(request.fields.texts.as_slice())),
            &column(requests, |request| document(&request.fields.emails)),
            &column(requests, |request| document(&request.fields.phone_numbers)),
            &column(requests, |request| document(&request.fields.addresses)),
            &column(requests, |request| request.at),
            waits,
            &ids,
        )
        .fetch_all(self.store.writer())
        .await
        .map_err(|fault| {
            let group = requests.first().and_then(|request| request.fields.group);
            missing(fault, GROUP_KEY, ResourceKind::ContactGroup, group)
        })?;
        // A user identity that was not found is unknown, unless it may be locked.
        let of_missing_row = || waits.then_some(None);
        let contacts = rows.into_iter().map(|row| (row.place, Some(Some(row.contact()))));
        Ok(in_order(requests.len(), of_missing_row, contacts))
    }
}

impl Row {
    fn contact(self) -> Contact {
        Contact {
            contact_id: self.contact_id,
            said: self.said,
            group: group(self.contact_group_id, self.group_name),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
