//! Postgres encodings of the model's types: ids as uuid, names as text, documents as jsonb.

use crate::domain::contact::ContactDocument;
use crate::domain::credential::AccessMethod;
use crate::domain::id::*;
use crate::domain::metadata::Metadata;
use crate::domain::number::{Provider, Status};
use crate::domain::operator::{Role, SignInMethod};
use crate::domain::phone::{AssaAbloyMetadata, OperatingSystem};
use crate::domain::presence::Availability;
use crate::domain::slot::SlotType;
use crate::domain::webhook::DeliveryStatus;
use crate::domain::workspace::PublishableKeySessions;
use serde::Deserialize;
use serde_json::{Map, Value};
use sqlx::postgres::{PgTypeInfo, PgValueRef, Postgres};
use sqlx::{Decode, Type, error::BoxDynError};

macro_rules! as_uuid {
    ($($id:ident),* $(,)?) => {$(
        impl Type<Postgres> for $id {
            fn type_info() -> PgTypeInfo {
                <uuid::Uuid as Type<Postgres>>::type_info()
            }
        }

        impl Decode<'_, Postgres> for $id {
            fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
                <uuid::Uuid as Decode<Postgres>>::decode(value).map($id)
            }
        }
    )*};
}

as_uuid!(
    ClientSessionId,
    CredentialId,
    DeviceId,
    InstantKeyId,
    OperatorId,
    PhoneNumberId,
    ScimGroupId,
    ScimTokenId,
    UserIdentityId,
    WorkspaceId,
);

macro_rules! as_bigint {
    ($($id:ident),* $(,)?) => {$(
        impl Type<Postgres> for $id {
            fn type_info() -> PgTypeInfo {
                <i64 as Type<Postgres>>::type_info()
            }
        }

        impl Decode<'_, Postgres> for $id {
            fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
                <i64 as Decode<Postgres>>::decode(value).map($id)
            }
        }
    )*};
}

as_bigint!(AccountId, ContactGroupId, ContactId, ExtensionId);

macro_rules! as_text {
    ($($name:ident),* $(,)?) => {$(
        impl Type<Postgres> for $name {
            fn type_info() -> PgTypeInfo {
                <&str as Type<Postgres>>::type_info()
            }
        }

        impl Decode<'_, Postgres> for $name {
            fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
                let text = <&str as Decode<Postgres>>::decode(value)?;
                text.parse().map_err(|_| format!("{text:?} is no {}", stringify!($name)).into())
            }
        }
    )*};
}

as_text!(
    AccessMethod,
    Availability,
    DeliveryStatus,
    OperatingSystem,
    Provider,
    PublishableKeySessions,
    Role,
    SignInMethod,
    SlotType,
    Status
);

/// A value stored as JSON; columns decode into it and are passed on by `into()`.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(in crate::store) struct Document<T>(pub T);

impl<T> Type<Postgres> for Document<T> {
    fn type_info() -> PgTypeInfo {
        <Value as Type<Postgres>>::type_info()
    }
}

impl<T: for<'a> Deserialize<'a>> Decode<'_, Postgres> for Document<T> {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        sqlx::types::Json::<T>::decode(value).map(|json| Document(json.0))
    }
}

/// A json column, which keeps its text as written.
impl Type<Postgres> for ContactDocument {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("json")
    }
}

impl Decode<'_, Postgres> for ContactDocument {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        value.as_str().map(|json| ContactDocument(json.to_owned()))
    }
}

impl From<Document<Metadata>> for Metadata {
    fn from(document: Document<Metadata>) -> Metadata {
        document.0
    }
}

impl From<Document<Map<String, Value>>> for Map<String, Value> {
    fn from(document: Document<Map<String, Value>>) -> Map<String, Value> {
        document.0
    }
}

impl Type<Postgres> for AssaAbloyMetadata {
    fn type_info() -> PgTypeInfo {
        <Value as Type<Postgres>>::type_info()
    }
}

impl Decode<'_, Postgres> for AssaAbloyMetadata {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        sqlx::types::Json::<AssaAbloyMetadata>::decode(value).map(|json| json.0)
    }
}
