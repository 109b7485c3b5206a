//! Seals secrets that must be shown or used again: XChaCha20-Poly1305 with a random nonce, bound to the row that the
//! secret belongs to, so that a sealed secret moved to another row does not open.

use crate::domain::token::Token;
use crate::error::Error;
use crate::random::Random;
use base64::prelude::*;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

const NONCE: usize = 24;

/// The seal key, and the source of nonces.
#[derive(Clone)]
pub struct Seal {
    cipher: Arc<XChaCha20Poly1305>,
    fingerprint: [u8; 32],
    random: Random,
}

/// Invalid seal key, or a sealed secret that does not open.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("a seal key is 32 bytes in base64 (make one with `head -c 32 /dev/urandom | base64`)")]
    NotAKey,
    #[error("a sealed secret does not open with this server's seal key")]
    DoesNotOpen,
}

impl Seal {
    /// The seal of a base64 key.
    pub fn from_base64(key: &str, random: Random) -> Result<Seal, SealError> {
        let key = BASE64_STANDARD.decode(key.trim()).map_err(|_| SealError::NotAKey)?;
        let cipher = XChaCha20Poly1305::new_from_slice(&key).map_err(|_| SealError::NotAKey)?;
        let fingerprint = Sha256::new().chain_update(b"handset seal key").chain_update(&key).finalize().into();
        Ok(Seal { cipher: Arc::new(cipher), fingerprint, random })
    }

    /// A new key in base64.
    pub fn new_key(random: &Random) -> String {
        BASE64_STANDARD.encode(random.bytes::<32>())
    }

    /// Identifies the key without revealing it.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Seals `secret` for the row `owner`.
    pub(super) fn close(&self, secret: &Token, owner: Uuid) -> Vec<u8> {
        let nonce: [u8; NONCE] = self.random.bytes();
        let payload = Payload { msg: secret.reveal().as_bytes(), aad: owner.as_bytes() };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a secret is below the cipher's limit of 256 GiB");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens what was sealed for the row `owner`.
    pub(super) fn open(&self, sealed: &[u8], owner: Uuid) -> Result<Token, Error> {
        self.try_open(sealed, owner).ok_or_else(|| Error::Internal(Box::new(SealError::DoesNotOpen)))
    }

    fn try_open(&self, sealed: &[u8], owner: Uuid) -> Option<Token> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: owner.as_bytes() };
        let opened = self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
        String::from_utf8(opened).ok().map(Token::from)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_secret_opens_only_for_its_own_row() {
        let random = Random::seeded(3);
        let seal = Seal::from_base64(&Seal::new_key(&random), random.clone()).expect("a new key is valid");
        let (mine, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = seal.close(&Token::from("whsec_x".to_owned()), mine);
        assert_eq!(seal.open(&sealed, mine).expect("the secret opens for its row").reveal(), "whsec_x");
        assert!(seal.open(&sealed, other).is_err());
        assert!(seal.open(&sealed[..10], mine).is_err());
    }
}
