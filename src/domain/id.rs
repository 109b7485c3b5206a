//! Identifiers, each a type of its own so that one cannot be passed for another.

use crate::random::Random;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! ids {
    ($raw:ty: $($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $raw);

        impl From<$raw> for $name {
            fn from(id: $raw) -> Self {
                $name(id)
            }
        }

        impl From<$name> for $raw {
            fn from(id: $name) -> $raw {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    Uuid:
    /// A tenant.
    WorkspaceId,
    /// A phone; on the wire a device id.
    DeviceId,
    /// A user identity.
    UserIdentityId,
    /// An ACS credential.
    CredentialId,
    /// A phone number's lifecycle in a workspace.
    PhoneNumberId,
    ClientSessionId,
    InstantKeyId,
    EventId,
    WebhookId,
    ActionAttemptId,
    ApiKeyId,
    AccessTokenId,
    ConsoleSessionId,
    ConsoleKeyId,
    /// A person who uses the console.
    OperatorId,
    OperatorSessionId,
    /// A token of a company's directory.
    ScimTokenId,
    /// A group of a company's directory.
    ScimGroupId,
}

ids! {
    i64:
    /// A tenant, by a short number.
    AccountId,
    /// A user identity, by a short number.
    ExtensionId,
    ContactId,
    ContactGroupId,
    /// A UCWA application; twelve digits, as on real UCWA servers.
    ApplicationId,
}

impl ApplicationId {
    /// Generates a random id.
    pub fn new(random: &Random) -> ApplicationId {
        const LEAST: u64 = 100_000_000_000;
        let number = LEAST + u64::from_be_bytes(random.bytes()) % (9 * LEAST);
        ApplicationId(i64::try_from(number).expect("twelve digits fit in an i64"))
    }
}
