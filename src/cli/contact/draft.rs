//! A contact as a file has it, before it is checked by the rules of the API.

use crate::cli::transfer::Record;
use crate::dialect::phone_com::read_contact;
use crate::domain::contact::ContactFields;
use crate::domain::e164::{Dialled, Region};
use crate::domain::id::ContactId;
use crate::store::Workspace;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::error::Error;

/// Maximum number of e-mail addresses of a contact.
const MOST_EMAILS: usize = 2;

/// The contacts of a file, one after the other.
pub type Drafts = Box<dyn Iterator<Item = Result<Record<Draft>, Box<dyn Error>>>>;

/// What files say of a contact.
#[derive(Debug, Default)]
pub struct Draft {
    /// The file's own identifier of the contact.
    pub uid: Option<String>,
    /// The texts, by the names of the API.
    pub texts: Map<String, Value>,
    pub emails: Vec<String>,
    /// Types and numbers.
    pub phone_numbers: Vec<(&'static str, String)>,
    /// Objects as in the API.
    pub addresses: Vec<Value>,
}

impl Draft {
    /// Sets a text, unless it is empty.
    pub fn set(&mut self, name: &str, text: &str) {
        if !text.trim().is_empty() {
            self.texts.insert(name.to_owned(), text.trim().into());
        }
    }

    /// Identifies the contact in later imports, if the file does.
    pub fn key(&self) -> Option<Vec<u8>> {
        self.uid.as_ref().map(|uid| hash("uid", uid))
    }

    /// The contact of this workspace that it was exported from.
    pub fn exported_from(&self, workspace: &Workspace) -> Option<ContactId> {
        let (of_workspace, id) = self.uid.as_ref()?.strip_prefix(EXPORTED)?.rsplit_once('-')?;
        (of_workspace == workspace.id().to_string()).then(|| id.parse().ok().map(ContactId)).flatten()
    }

    /// The contact by the rules of the API, and what of it is left out; or what is invalid.
    pub fn fields(mut self, region: Region) -> Result<(ContactFields, Vec<String>), Vec<String>> {
        if self.texts.is_empty() && self.emails.is_empty() && self.phone_numbers.is_empty() && self.addresses.is_empty()
        {
            return Err(vec!["it has no name, company, e-mail address, number or address".to_owned()]);
        }
        let mut left_out = Vec::new();
        if self.emails.len() > MOST_EMAILS {
            let further = self.emails.split_off(MOST_EMAILS).join(", ");
            left_out.push(format!("a contact has at most {MOST_EMAILS} e-mail addresses, without {further}"));
        }
        let (mut numbers, mut faults) = (Vec::new(), Vec::new());
        for (index, (_, entered)) in self.phone_numbers.iter().enumerate() {
            match Dialled::parse(entered, region) {
                Ok(dialled) => numbers.push(dialled.number),
                Err(fault) => faults.push(format!("phone_numbers.{index}: {entered:?} cannot be dialled: {fault}")),
            }
        }
        let kinds = ["primary", "alternate"];
        let mut members = self.texts;
        members.insert(
            "emails".into(),
            self.emails.iter().zip(kinds).map(|(email, kind)| json!({ "type": kind, "email": email })).collect(),
        );
        // International, whichever region the API would assume.
        let known = self.phone_numbers.iter().zip(&numbers).filter(|_| faults.is_empty());
        members.insert(
            "phone_numbers".into(),
            known.map(|((kind, _), number)| json!({ "type": kind, "number": number.as_str() })).collect(),
        );
        members.insert("addresses".into(), self.addresses.into());
        let mut fields = match read_contact(members) {
            Ok(fields) if faults.is_empty() => fields,
            Ok(_) => return Err(faults),
            Err(issues) => return Err([faults, issues].concat()),
        };
        for (number, (_, entered)) in fields.phone_numbers.iter_mut().zip(self.phone_numbers) {
            number.number = entered;
        }
        Ok((fields, left_out))
    }
}

/// Begins the identifiers of exported contacts.
const EXPORTED: &str = "handset-contact-";

/// The identifier of an exported contact, by which an import recognises it.
pub fn exported_uid(workspace: &Workspace, id: ContactId) -> String {
    format!("{EXPORTED}{}-{id}", workspace.id())
}

/// Identifies a contact without an identifier in later imports, by all of its values.
pub fn key_of(fields: &ContactFields) -> Vec<u8> {
    let values = json!([fields.texts.as_slice(), fields.emails, fields.phone_numbers, fields.addresses]);
    hash("content", &values.to_string())
}

fn hash(kind: &str, text: &str) -> Vec<u8> {
    Sha256::new().chain_update(kind).chain_update([0]).chain_update(text).finalize().to_vec()
}
