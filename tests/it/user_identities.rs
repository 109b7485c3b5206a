//! User identities: attributes, deletion, merges, deactivation of their phones.

mod attributes;
mod concurrent_merges;
mod deactivate_phones;
mod deletion;
mod merge;
mod merged_names;
mod text_comparison;
