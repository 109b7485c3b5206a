//! The wire dialects. A new one is one folder and one line.

pub mod diga;
pub mod phone_com;
pub mod scim;
pub mod seam;
pub mod ucwa;

use crate::http::Dialect;

/// Every dialect, in the order in which they may claim a request. The last one is the fallback.
pub static ALL: [&Dialect; 5] = [&ucwa::DIALECT, &diga::DIALECT, &phone_com::DIALECT, &scim::DIALECT, &seam::DIALECT];

/// The dialect of requests that no other one claims.
pub fn fallback() -> &'static Dialect {
    ALL[ALL.len() - 1]
}
