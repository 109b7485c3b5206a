//! Building blocks of the OpenAPI document: schemas derived from wire types, named components, examples, and the
//! OpenAPI 3.0 form for clients that read no other.

mod components;
mod example;
mod lowered;
mod operation;
mod schemas;

pub use components::{Kind, component, extract_components};
pub use example::example;
pub use lowered::{RESOURCE_NAME, lowered};
pub use operation::*;
pub(crate) use schemas::enum_schema;
pub use schemas::{Schemas, own_schema, reference, schema_of_names};

/// A word of an identifier with a capital first letter.
pub fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An identifier in Pascal case, from words parted by anything that is neither a letter nor a digit.
pub fn pascal_case(text: &str) -> String {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).map(capitalized).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_in_pascal_case() {
        for (text, identifier) in [
            ("phone_number.release_scheduled", "PhoneNumberReleaseScheduled"),
            ("/acs/credentials/list", "AcsCredentialsList"),
            ("custom_sdk_installation_id", "CustomSdkInstallationId"),
            ("", ""),
        ] {
            assert_eq!(pascal_case(text), identifier);
        }
    }
}
