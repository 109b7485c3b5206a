//! Import of contacts: many in one statement, each at most once.

use super::document;
use crate::domain::contact::{ContactDocument, ContactFields};
use crate::domain::id::{ContactId, UserIdentityId};
use crate::error::{Error, Result};
use crate::store::Workspace;
use crate::store::batch::column;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// A contact to import.
#[derive(Debug, Clone)]
pub struct ImportedContact {
    /// The same for the same contact in another import.
    pub key: Vec<u8>,
    /// The contact that it was exported from.
    pub exported: Option<ContactId>,
    pub fields: ContactFields,
}

impl Workspace {
    /// Imports contacts of a user identity, without groups and in their order, and returns the keys of those that are new.
    /// Of contacts with one key the first is imported. An unknown user identity gets none.
    pub async fn import_contacts(
        &self,
        person: UserIdentityId,
        mut contacts: Vec<ImportedContact>,
        now: DateTime<Utc>,
    ) -> Result<BTreeSet<Vec<u8>>> {
        let mut keys = BTreeSet::new();
        contacts.retain(|contact| keys.insert(contact.key.clone()));
        let ids = self.draw_ids("contact_id_sequence", contacts.len()).await?;
        let new = sqlx::query_scalar!(
            r#"
            with requested as materialized (
                select * from unnest($4::bytea[], $5::bigint[], $6::jsonb[], $7::jsonb[], $8::jsonb[], $9::jsonb[],
                    $10::bigint[]) with ordinality
                    as requested (import_key, exported, texts, emails, phone_numbers, addresses, drawn_id, place)
            ), person as materialized (
                select user_identity_id from user_identity
                where workspace_id = $1 and user_identity_id = $2
                for no key update
            ), known as materialized (
                select contact_id from contact
                where workspace_id = $1 and contact_id = any ($5) and user_identity_id = $2 and deleted_at is null
            ), inserted as (
                insert into contact (workspace_id, contact_id, user_identity_id, import_key, emails, phone_numbers, addresses,
                    created_at, updated_at, prefix, first_name, middle_name, last_name, suffix, nickname, company,
                    phonetic_first_name, phonetic_middle_name, phonetic_last_name, department, job_title)
                select $1, coalesce(drawn_id, nextval('contact_id_sequence')), user_identity_id, import_key, emails, phone_numbers,
                    addresses, date_trunc('second', $3::timestamptz), date_trunc('second', $3::timestamptz), texts ->> 0, texts ->> 1, texts ->> 2, texts ->> 3, texts ->> 4,
                    texts ->> 5, texts ->> 6, texts ->> 7, texts ->> 8, texts ->> 9, texts ->> 10, texts ->> 11
                from requested cross join person
                where exported is null or exported not in (select contact_id from known)
                order by place
                on conflict (workspace_id, user_identity_id, import_key)
                    where import_key is not null and deleted_at is null do nothing
                returning contact_id, import_key
            ), numbers as (
                insert into contact_number (workspace_id, contact_id, place, user_identity_id, normalized, entered)
                select $1, contact_id, number.place, $2, number.document ->> 'normalized', number.document ->> 'number'
                from inserted join requested using (import_key)
                cross join lateral jsonb_array_elements(phone_numbers) with ordinality as number (document, place)
            ), counted as (
                update user_identity set contact_count = contact_count + (select count(*) from inserted)
                where workspace_id = $1 and user_identity_id = $2
            )
            select import_key as "import_key!" from inserted
            "#,
            self.workspace_id(),
            person.0,
            now,
            &column(&contacts, |contact| contact.key.clone()),
            &column(&contacts, |contact| contact.exported.map(|id| id.0)) as _,
            &column(&contacts, |contact| document(contact.fields.texts.as_slice())),
            &column(&contacts, |contact| document(&contact.fields.emails)),
            &column(&contacts, |contact| document(&contact.fields.phone_numbers)),
            &column(&contacts, |contact| document(&contact.fields.addresses)),
            &ids,
        )
        .fetch_all(self.store.writer())
        .await?;
        Ok(new.into_iter().collect())
    }

    /// A part of the contacts of a user identity, in order of their ids: at most `count` after an id.
    pub async fn export_contacts(
        &self,
        person: UserIdentityId,
        after: ContactId,
        count: i64,
    ) -> Result<Vec<(ContactId, ContactFields)>> {
        let rows = sqlx::query!(
            r#"
            select contact_id as "contact_id: ContactId", said as "said!: ContactDocument"
            from contact
            where workspace_id = $1 and user_identity_id = $2 and contact_id > $3 and deleted_at is null
            order by contact_id
            limit $4
            "#,
            self.workspace_id(),
            person.0,
            after.0,
            count,
        )
        .fetch_all(&self.store.pool)
        .await?;
        let fields = |said: &str| serde_json::from_str(said).map_err(|fault| Error::Internal(fault.into()));
        rows.into_iter().map(|row| Ok((row.contact_id, fields(&row.said.0)?))).collect()
    }
}
