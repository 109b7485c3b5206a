//! The dialects that Handset speaks. A new one is one folder and one line.

pub mod diga;
pub mod seam;

use crate::http::Dialect;

/// Every dialect; the one without a prefix has what the others leave.
pub static ALL: [&Dialect; 2] = [&seam::DIALECT, &diga::DIALECT];

/// The dialect that has what the others leave.
pub fn of_the_rest() -> &'static Dialect {
    ALL.into_iter().find(|dialect| dialect.prefix.is_empty()).expect("one dialect has no prefix")
}
