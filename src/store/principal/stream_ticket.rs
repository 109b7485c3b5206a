//! Tickets that open event streams: sealed for this purpose, so that every server of the deployment accepts them and
//! nothing is stored. What is sealed is the caller's credential, which is authenticated whenever the ticket is used.

use crate::domain::token::Token;
use crate::store::Store;
use base64::prelude::*;
use uuid::Uuid;

/// What tickets are sealed for, in place of a row.
const PURPOSE: Uuid = Uuid::from_u128(0x5f0c_7a51_93d4_4e0b_8a5e_d1c2_6b7f_3e90);

impl Store {
    /// Seals the contents of a ticket.
    pub fn seal_stream_ticket(&self, contents: &Token) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.seal.close(contents, PURPOSE))
    }

    /// The contents of a ticket; `None` if this deployment has not sealed it.
    pub fn open_stream_ticket(&self, ticket: &str) -> Option<Token> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(ticket).ok()?;
        self.seal.open(&sealed, PURPOSE).ok()
    }
}
