//! User identities: attributes, deletion, merges, access to devices, deactivation of their phones.

mod access_systems;
mod attributes;
mod concurrent_merges;
mod deactivate_phones;
mod deletion;
mod device_access;
mod merge;
mod merged_names;
mod text_comparison;
