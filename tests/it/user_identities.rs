//! User identities: attributes, deletion, deactivation of their phones.

mod attributes;
