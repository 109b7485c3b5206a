//! Reads the input of a request into a typed struct: composable rules in the manner of zod, which yield the value, or
//! issues as data that each dialect words. The shapes of the rules also drive the parsers of query strings and the
//! OpenAPI document.

mod array;
mod choice;
mod metadata;
mod number;
mod object;
mod reader;
mod rule;
mod shape;
mod text;
mod time;
mod wrap;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::error::{Error, RequestPart, Result, Step};

pub use array::array;
pub use choice::{Choice, choice, names};
pub use metadata::{TOO_MANY, metadata, metadata_filter};
pub use number::{boolean, integer, number};
pub use object::object;
pub use reader::Reader;
pub use rule::{Absent, Rule};
pub use shape::{Field, Shape};
pub use text::{Parsed, email, id, text, uuid, web_url};
pub use time::{date_time, lenient_date};
pub use wrap::{Named, Optional, Or, TryMap};

/// The whole input of one operation, or an object within it. Declared with [`input!`].
pub trait Input: Sized + Send + 'static {
    /// Name of the type, after which its schema is named.
    const NAME: &'static str;
    /// Description of the object.
    const DESCRIPTION: &'static str = "";

    /// The object's fields, in declared order.
    fn fields() -> Vec<Field>;

    /// Reads every field, so that all issues are found at once; `None` if there is any. Unknown keys are ignored, as in
    /// zod 3.
    fn read(map: &mut Map<String, Value>, at: &mut Reader) -> Option<Self>;
}

/// Reads an operation's input from its query and its body. The body wins where both have a key.
pub fn read<T: Input>(mut query: Map<String, Value>, body: Map<String, Value>) -> Result<T> {
    let from_query: BTreeSet<String> = query.keys().filter(|key| !body.contains_key(*key)).cloned().collect();
    query.extend(body);

    let mut at = Reader::default();
    let read = T::read(&mut query, &mut at);
    let mut issues = at.into_issues();
    if let (Some(input), true) = (read, issues.is_empty()) {
        return Ok(input);
    }
    for issue in &mut issues {
        if matches!(issue.path.first(), Some(Step::Key(key)) if from_query.contains(key)) {
            issue.place = RequestPart::Query;
        }
    }
    Err(Error::Invalid(issues))
}

/// The members of a JSON body, which must be an object.
pub fn keys(body: Value) -> Result<Map<String, Value>> {
    let mut at = Reader::default();
    object::keys(Some(body), &mut at).ok_or_else(|| Error::Invalid(at.into_issues()))
}

/// The key of a field: its name, which is raw if it is a keyword of Rust.
pub fn name(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// Declares a struct and the rule of each field at once, and implements [`Input`] for it. The fields' doc comments
/// describe them in the OpenAPI document too.
///
/// ```ignore
/// input! {
///     /// Filter of phones.
///     pub struct List {
///         /// Only phones of this user identity.
///         owner_user_identity_id: Option<UserIdentityId> = id().optional(),
///         limit: u32 = integer().at_least(1).or(500),
///     }
/// }
/// ```
#[macro_export]
macro_rules! input {
    ($(#[doc = $about:literal])* $(#[expect($($expected:tt)*)])? $vis:vis struct $name:ident {
        $($(#[doc = $doc:literal])* $field_vis:vis $field:ident: $type:ty = $rule:expr),* $(,)?
    }) => {
        $(#[doc = $about])*
        $(#[expect($($expected)*)])?
        #[derive(Debug, Clone)]
        $vis struct $name {
            $($(#[doc = $doc])* $field_vis $field: $type,)*
        }

        impl $crate::api::input::Input for $name {
            const NAME: &'static str = stringify!($name);
            const DESCRIPTION: &'static str = concat!($($about, "\n"),*);

            fn fields() -> Vec<$crate::api::input::Field> {
                vec![$($crate::api::input::Field::new::<$type, _>(
                    $crate::api::input::name(stringify!($field)),
                    concat!($($doc, "\n"),*),
                    &$rule,
                )),*]
            }

            #[allow(unused_variables, clippy::let_unit_value, reason = "an operation may take nothing")]
            fn read(
                map: &mut serde_json::Map<String, serde_json::Value>,
                at: &mut $crate::api::input::Reader,
            ) -> Option<Self> {
                // One tuple, so that no field shadows a rule of the same name.
                let ($($field,)*) =
                    ($(at.field::<$type, _>($crate::api::input::name(stringify!($field)), &$rule, map),)*);
                Some($name { $($field: $field?),* })
            }
        }
    };
}
pub use input;
