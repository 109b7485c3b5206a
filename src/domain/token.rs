//! Generation, classification and hashing of tokens. The formats are Seam's, because its clients check prefixes before
//! they send a request (docs.seam.co, "Authentication").

use crate::domain::id::WorkspaceId;
use crate::error::Scheme;
use crate::random::{BASE58, Random};
use base64::prelude::*;
use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

/// The start of a client session's token.
const CLIENT_SESSION: &str = "seam_cst1";

/// Number of digits of an id of 128 bits.
const WORKSPACE_DIGITS: usize = 22;

/// Number of random digits of a short code: more than 140 bits.
const SHORT_CODE_SECRET: usize = 24;

/// A plaintext token. Never printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// An API key of a workspace, `seam_<8>_<24>`, or `seam_test<4>_<24>` in a sandbox.
    pub fn api_key(is_sandbox: bool, random: &Random) -> Token {
        let short = if is_sandbox { format!("test{}", random.base58(4)) } else { unreserved(random) };
        Token(format!("seam_{short}_{}", random.base58(24)))
    }

    /// A personal access token, `seam_at1<8>_<24>`.
    pub fn access_token(random: &Random) -> Token {
        Token(format!("seam_at1{}_{}", random.base58(8), random.base58(24)))
    }

    /// A client session's token, `seam_cst1<8><22>_<24>`, with the id of its workspace as 22 digits, by which the node with
    /// the session is found. Tokens of previous versions are `seam_cst1<8>_<24>`.
    pub fn client_session(workspace: WorkspaceId, random: &Random) -> Token {
        Token(format!("{CLIENT_SESSION}{}{}_{}", random.base58(8), digits_of(workspace), random.base58(24)))
    }

    /// The short code of an instant key, `<22><24>`, with the id of its workspace as 22 digits.
    pub fn short_code(workspace: WorkspaceId, random: &Random) -> Token {
        Token(format!("{}{}", digits_of(workspace), random.base58(SHORT_CODE_SECRET)))
    }

    /// A workspace's publishable key, `seam_pk1<8>_<24>`.
    pub fn publishable_key(random: &Random) -> Token {
        Token(format!("seam_pk1{}_{}", random.base58(8), random.base58(24)))
    }

    /// A temporary token for an API key, `handset_<8>_<24>`.
    pub fn pass(random: &Random) -> Token {
        Token(format!("handset_{}_{}", random.base58(8), random.base58(24)))
    }

    /// A token of a company's directory, `handset_scim_<8>_<24>`.
    pub fn scim(random: &Random) -> Token {
        Token(format!("handset_scim_{}_{}", random.base58(8), random.base58(24)))
    }

    /// The cookie of an operator's session, `console_<32>`.
    pub fn operator_session(random: &Random) -> Token {
        Token(format!("console_{}", random.base58(32)))
    }

    /// The token of a link that signs an operator in once, or invites one.
    pub fn operator_link(random: &Random) -> Token {
        Token(random.base58(32))
    }

    /// A webhook's signing secret: `whsec_` and 24 bytes in base64 (Standard Webhooks, "Signature scheme").
    pub fn signing_secret(random: &Random) -> Token {
        Token(format!("whsec_{}", BASE64_STANDARD.encode(random.bytes::<24>())))
    }

    /// The plaintext, for its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The part before the secret, which identifies a key.
    pub fn hint(&self) -> &str {
        self.0.rsplit_once('_').map_or("", |(hint, _)| hint)
    }

    /// The stored hash.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

impl From<String> for Token {
    fn from(text: String) -> Token {
        Token(text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}_…)", self.hint())
    }
}

/// SHA-256 of a token. Tokens have 140 random bits, so a plain hash cannot be brute-forced, and a lookup by hash leaks
/// nothing about the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    pub fn of(token: &str) -> TokenHash {
        TokenHash(Sha256::digest(token.as_bytes()).into())
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The id of a workspace as digits.
fn digits_of(workspace: WorkspaceId) -> String {
    let mut rest = workspace.0.as_u128();
    let mut digits = [b'1'; WORKSPACE_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE58[(rest % 58) as usize];
        rest /= 58;
    }
    digits.map(char::from).iter().collect()
}

/// The workspace of these digits.
fn workspace_of(digits: &[u8]) -> Option<WorkspaceId> {
    let value = digits.iter().try_fold(0_u128, |value, digit| {
        let digit = BASE58.iter().position(|known| known == digit)?;
        value.checked_mul(58)?.checked_add(digit as u128)
    });
    value.map(|value| WorkspaceId(Uuid::from_u128(value)))
}

/// The workspace that the short code of an instant key names; `None` if the text is no such code.
pub fn workspace_of_short_code(code: &str) -> Option<WorkspaceId> {
    let (digits, secret) = code.as_bytes().split_at_checked(WORKSPACE_DIGITS)?;
    let is_secret = secret.len() == SHORT_CODE_SECRET && secret.iter().all(|letter| BASE58.contains(letter));
    workspace_of(digits).filter(|_| is_secret)
}

/// The workspace that a client session's token names. The name is not proof of anything; the hash of the whole token is.
pub fn workspace_of_client_session(token: &str) -> Option<WorkspaceId> {
    let (hint, _) = token.strip_prefix(CLIENT_SESSION)?.rsplit_once('_')?;
    let digits = hint.as_bytes().get(8..).filter(|digits| digits.len() == WORKSPACE_DIGITS)?;
    workspace_of(digits)
}

/// Returns the kind of a bearer token, by its prefix. Without a known prefix it is an API key.
pub fn scheme_of(bearer: &str) -> Scheme {
    let prefixes = [
        // No pass begins so: its first part has eight letters.
        ("handset_scim_", Scheme::ScimToken),
        ("handset_", Scheme::Pass),
        ("seam_cst", Scheme::ClientSession),
        ("seam_at", Scheme::AccessToken),
        ("seam_pk", Scheme::PublishableKey),
        ("ey", Scheme::ConsoleSession),
    ];
    prefixes.into_iter().find(|(prefix, _)| bearer.starts_with(prefix)).map_or(Scheme::ApiKey, |(_, scheme)| scheme)
}

/// Eight letters that do not begin with another kind's prefix.
fn unreserved(random: &Random) -> String {
    loop {
        let short = random.base58(8);
        if !["at", "cst", "pk", "test"].iter().any(|mark| short.starts_with(mark)) {
            return short;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn generated_tokens_are_classified_by_their_prefix() {
        let random = Random::seeded(1);
        for _ in 0..2_000 {
            assert_eq!(scheme_of(Token::api_key(true, &random).reveal()), Scheme::ApiKey);
            assert_eq!(scheme_of(Token::api_key(false, &random).reveal()), Scheme::ApiKey);
            assert_eq!(scheme_of(Token::access_token(&random).reveal()), Scheme::AccessToken);
            assert_eq!(
                scheme_of(Token::client_session(WorkspaceId(Uuid::nil()), &random).reveal()),
                Scheme::ClientSession
            );
            assert_eq!(scheme_of(Token::pass(&random).reveal()), Scheme::Pass);
            assert_eq!(scheme_of(Token::scim(&random).reveal()), Scheme::ScimToken);
        }
    }

    #[test]
    fn tokens_of_client_sessions_name_their_workspace() {
        let random = Random::seeded(1);
        for id in [0, 1, 57, 58, u128::MAX, 0x0190_0000_0000_7000_8000_0000_0000_0001] {
            let workspace = WorkspaceId(Uuid::from_u128(id));
            let token = Token::client_session(workspace, &random);
            assert_eq!(workspace_of_client_session(token.reveal()), Some(workspace), "{}", token.reveal());
            let code = Token::short_code(workspace, &random);
            assert_eq!(workspace_of_short_code(code.reveal()), Some(workspace), "{}", code.reveal());
            assert!(!format!("{code:?}").contains(code.reveal()));
        }
        let beyond = format!("seam_cst1Eq8v3Kd2{}_7PnQ2mXc9RtYw4ZbL6sHgA1e", "z".repeat(WORKSPACE_DIGITS));
        for token in ["seam_cst1Eq8v3Kd2_7PnQ2mXc9RtYw4ZbL6sHgA1e", "seam_cst1é", "seam_cst1_", "", &beyond] {
            assert_eq!(workspace_of_client_session(token), None, "{token}");
        }
        let code = Token::short_code(WorkspaceId(Uuid::from_u128(1)), &random).reveal().to_owned();
        let beyond = format!("{}{}", "z".repeat(WORKSPACE_DIGITS), &code[WORKSPACE_DIGITS..]);
        for code in [&code[1..], &format!("{code}1"), &format!("{}0", &code[..45]), &beyond, "", &"é".repeat(23)] {
            assert_eq!(workspace_of_short_code(code), None, "{code}");
        }
    }

    #[test]
    fn debug_output_of_an_api_key_hides_the_secret() {
        let token = Token::api_key(true, &Random::seeded(1));
        let secret = token.reveal().rsplit_once('_').map(|(_, secret)| secret.to_owned());
        assert!(!format!("{token:?}").contains(&secret.expect("a key has a secret part")));
    }

    proptest! {
        #[test]
        fn a_token_is_classified_by_its_prefix_only(text in "(seam_)?(at|cst|pk|test|ey)?\\PC{0,60}") {
            let kind = scheme_of(&text);
            // Only the prefix matters.
            if kind != Scheme::ApiKey {
                prop_assert_eq!(scheme_of(&format!("{text}\u{0}more")), kind);
            }
        }

        #[test]
        fn debug_output_of_any_token_hides_the_secret(seed in any::<u64>()) {
            let random = Random::seeded(seed);
            for token in [Token::api_key(true, &random), Token::client_session(WorkspaceId(Uuid::nil()), &random), Token::access_token(&random)] {
                let (_, secret) = token.reveal().rsplit_once('_').expect("a token has a secret part");
                let debugged = format!("{token:?}");
                prop_assert!(!debugged.contains(secret), "{}", debugged);
            }
        }
    }
}
