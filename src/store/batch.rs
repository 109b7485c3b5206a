//! Batches of concurrent requests: lookups by key, API keys with the rows of a prefetch, and writes of a workspace.

mod batcher;
mod keys;
mod lookup;
mod prefetch;
mod sessions;
mod shared;

pub(super) use batcher::{BatchQuery, LookupCounts, MAX_LIST_BATCH};
pub(super) use lookup::{Lookup, each};
pub(super) use prefetch::{LONGEST, PlainPhoneList};
pub use prefetch::{Prefetch, Prefetched};
pub(super) use shared::{SharedWrite, array, column, in_order, passing_over};

use super::Store;
use super::client_sessions::SessionCreation;
use super::contacts::NewContact;
use super::credentials::{CredentialCreation, CredentialDeletion};
use super::numbers::{NewNumber, NumberChange};
use super::phones::{Deactivation, PhoneRegistration};
use super::slots::SlotWrite;
use super::user_identities::{NewUserIdentity, SubscriberKey};
use crate::domain::contact::Contact;
use crate::domain::extension::Extension;
use crate::domain::listing::Listed;
use crate::domain::number::PhoneNumber;
use crate::domain::phone::Phone;
use crate::domain::subscriber::Subscriber;
use crate::error::Result;
use batcher::Batcher;
use keys::KeyLookup;
use lookup::LookupRequest;
use prefetch::{EventPage, KeyOnly, OneExtension, OneNumber, OnePhone, PhonePage};
use sessions::SessionLookup;
use shared::WriteRequest;

/// A query with a batcher in each store.
pub(super) trait Batched: BatchQuery {
    fn batcher(batchers: &Batchers) -> &Batcher<Self>;
}

macro_rules! batchers {
    ($($name:ident: $query:ty,)*) => {
        /// The batcher of each query.
        #[derive(Debug, Default)]
        pub(super) struct Batchers {
            $($name: Batcher<$query>,)*
        }

        $(impl Batched for $query {
            fn batcher(batchers: &Batchers) -> &Batcher<$query> {
                &batchers.$name
            }
        })*
    };
}

batchers! {
    phones: LookupRequest<Phone>,
    numbers: LookupRequest<PhoneNumber>,
    subscribers: LookupRequest<Subscriber>,
    extensions: LookupRequest<Extension>,
    contacts: LookupRequest<Contact>,
    contact_pages: LookupRequest<Listed<Contact>>,
    keys: KeyLookup<KeyOnly>,
    keys_and_phone: KeyLookup<OnePhone>,
    keys_and_phones: KeyLookup<PhonePage>,
    keys_and_events: KeyLookup<EventPage>,
    keys_and_extension: KeyLookup<OneExtension>,
    keys_and_number: KeyLookup<OneNumber>,
    keys_and_subscriber: KeyLookup<SubscriberKey>,
    sessions: SessionLookup,
    deactivations: WriteRequest<Deactivation>,
    registrations: WriteRequest<PhoneRegistration>,
    new_contacts: WriteRequest<NewContact>,
    session_creations: WriteRequest<SessionCreation>,
    credential_creations: WriteRequest<CredentialCreation>,
    credential_deletions: WriteRequest<CredentialDeletion>,
    new_numbers: WriteRequest<NewNumber>,
    number_changes: WriteRequest<NumberChange>,
    slot_writes: WriteRequest<SlotWrite>,
    new_user_identities: WriteRequest<NewUserIdentity>,
}

impl Store {
    /// Answers a query, batched with concurrent ones.
    pub(super) async fn ask<Q: Batched>(&self, query: Q) -> Result<Q::Answer> {
        Q::batcher(&self.batchers).ask(query, self).await
    }
}
