//! Which build this is. `src/build.rs` finds the commit and its date.

/// The version of the release that this is, or is about to be.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The first 12 digits of the commit; none in a development build.
pub const COMMIT: Option<&str> = known(env!("HANDSET_BUILD_COMMIT"));

/// The date of the commit, in UTC.
pub const DATE: Option<&str> = known(env!("HANDSET_BUILD_DATE"));

/// Commit and date for people, or "development build".
pub const ORIGIN: &str = env!("HANDSET_BUILD_ORIGIN");

/// All of it, as `handset --version` prints it.
pub const SUMMARY: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("HANDSET_BUILD_ORIGIN"), ")");

const fn known(text: &str) -> Option<&str> {
    if text.is_empty() { None } else { Some(text) }
}
