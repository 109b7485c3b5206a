//! Passwords of user identities and their Argon2id hashes (RFC 9106). Hashing takes tens of milliseconds and 19 MiB on
//! purpose; callers hash on blocking threads, a few at a time.

use crate::domain::id::{UserIdentityId, WorkspaceId};
use crate::domain::text::normalized;
use crate::domain::token::Token;
use crate::random::Random;
use argon2::password_hash::phc;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use chrono::TimeDelta;
use std::fmt;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

/// A plaintext password. Never printed by `Debug`.
#[derive(Clone)]
pub struct Password(String);

/// Reason to refuse a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("a password has at least {} characters", Password::SHORTEST)]
    TooShort,
    #[error("a password has at most {} characters", Password::LONGEST)]
    TooLong,
}

impl Password {
    /// In characters (NIST SP 800-63B).
    pub const SHORTEST: usize = 8;
    /// In characters.
    pub const LONGEST: usize = 256;

    /// Checks a new password. Its length is that of its normalization form C (RFC 8265).
    pub fn chosen(text: &str) -> Result<Password, Unfit> {
        match text.nfc().take(Password::LONGEST + 1).count() {
            ..Password::SHORTEST => Err(Unfit::TooShort),
            count if count > Password::LONGEST => Err(Unfit::TooLong),
            _ => Ok(Password(text.to_owned())),
        }
    }

    /// A password to verify. An overlong one is cut past the limit, so that it costs no more; its form D may be four times
    /// as long as form C.
    pub fn given(text: &str) -> Password {
        Password(text.chars().take(4 * (Password::LONGEST + 1)).collect())
    }

    /// The forms that a hash may be of: form C, and of passwords that were set before they were normalized, the form in
    /// which they were typed. All are the same for ASCII.
    fn forms(&self) -> Vec<String> {
        let mut forms = vec![normalized(&self.0)];
        for other in [self.0.nfd().collect(), self.0.clone()] {
            if !forms.contains(&other) {
                forms.push(other);
            }
        }
        forms
    }

    /// Hashes its normalization form C.
    pub fn hash(&self, random: &Random) -> PasswordHash {
        let hash: phc::PasswordHash = Argon2::default()
            .hash_password_with_salt(normalized(&self.0).as_bytes(), &random.bytes::<16>())
            .expect("the default parameters and 16 bytes of salt are within bounds");
        PasswordHash(hash.to_string())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Hash of a password, in PHC form: `$argon2id$v=19$…`.
#[derive(Clone)]
pub struct PasswordHash(pub String);

impl PasswordHash {
    /// Whether this is the hash of `password`, in any canonically equivalent form. Compared in constant time.
    pub fn fits(&self, password: &Password) -> bool {
        let Ok(hash) = phc::PasswordHash::new(&self.0) else { return false };
        password.forms().iter().any(|form| Argon2::default().verify_password(form.as_bytes(), &hash).is_ok())
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// What a caller signs in with.
#[derive(Clone, Copy)]
pub struct SignIn<'a> {
    /// An e-mail address in any case, or a user identity key.
    pub name: &'a str,
    pub password: &'a str,
    /// The id of a workspace or of an API key, which selects the workspace. Another id selects nothing.
    pub client_id: Option<Uuid>,
    /// Lifetime of the client session.
    pub lifetime: TimeDelta,
}

/// A client session that was signed in to.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub workspace_id: WorkspaceId,
    pub user_identity_id: UserIdentityId,
    pub token: Token,
    /// Whether another user identity with the name was tried and has another password, so that this was a failed attempt
    /// at that one.
    pub is_failed_elsewhere: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_hash_matches_its_password_only() {
        let random = Random::seeded(1);
        let password = Password::chosen("correct horse").expect("a password");
        let (hash, other) = (password.hash(&random), password.hash(&random));
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        assert_ne!(hash.0, other.0, "each hash has its own salt");
        assert!(hash.fits(&Password::given("correct horse")));
        assert!(!hash.fits(&Password::given("correct horse ")));
        assert!(!PasswordHash("nonsense".to_owned()).fits(&password));
    }

    #[test]
    fn canonically_equivalent_passwords_are_equal() {
        let (composed, decomposed) = ("sésame ouvre-toi", "se\u{301}same ouvre-toi");
        let random = Random::seeded(1);
        for (chosen, given) in [(composed, decomposed), (decomposed, composed)] {
            let hash = Password::chosen(chosen).expect("a password").hash(&random);
            assert!(hash.fits(&Password::given(given)));
            assert!(!hash.fits(&Password::given("sesame ouvre-toi")));
            // The hash of a server that did not normalize.
            let raw = Argon2::default().hash_password_with_salt(chosen.as_bytes(), &random.bytes::<16>());
            let raw: phc::PasswordHash = raw.expect("a hash");
            assert!(PasswordHash(raw.to_string()).fits(&Password::given(given)));
        }
        assert_eq!(Password::given("plain").forms().len(), 1, "it costs one hash");
    }

    #[test]
    fn passwords_are_limited_in_length_and_never_printed() {
        assert_eq!(Password::chosen("sevén77").map(|_| ()), Err(Unfit::TooShort));
        assert_eq!(Password::chosen(&"x".repeat(257)).map(|_| ()), Err(Unfit::TooLong));
        let password = Password::chosen(&"ñ".repeat(256)).expect("a password");
        assert!(!format!("{password:?} {:?}", password.hash(&Random::seeded(1))).contains("ñ"));
    }
}
