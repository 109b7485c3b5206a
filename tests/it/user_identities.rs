//! User identities: attributes, deletion, deactivation of their phones.

mod attributes;
mod deactivate_phones;
mod deletion;
mod text_comparison;
