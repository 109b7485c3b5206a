//! The dialects that Handset speaks. A new one is one folder and one line.

pub mod diga;
pub mod phone_com;
pub mod seam;
pub mod ucwa;

use crate::http::Dialect;

/// Every dialect, in the order in which they are asked whether a request is theirs. The last one has what the others
/// leave.
pub static ALL: [&Dialect; 4] = [&ucwa::DIALECT, &diga::DIALECT, &phone_com::DIALECT, &seam::DIALECT];

/// The dialect that has what the others leave.
pub fn fallback() -> &'static Dialect {
    ALL[ALL.len() - 1]
}
