//! Contacts as comma-separated values.

use super::draft::{Draft, Drafts};
use crate::cli::transfer::{Rows, csv_line};
use crate::domain::contact::{AddressType, ContactFields, NumberType, Text};
use serde_json::{Value, json};
use std::error::Error;
use std::io::BufRead;
use strum::VariantArray;

/// Separates several values in a cell.
const SEPARATOR: &str = " ::: ";

/// The columns of numbers, with their types.
const NUMBERS: [(&str, &str, NumberType); 5] = [
    ("mobile_phone", "mobile", NumberType::Mobile),
    ("home_phone", "home", NumberType::Home),
    ("business_phone", "business", NumberType::Business),
    ("fax", "fax", NumberType::Fax),
    ("pager", "pager", NumberType::Pager),
];

const KINDS: [(&str, AddressType); 2] = [("home", AddressType::Home), ("business", AddressType::Business)];
const PARTS: [&str; 5] = ["street", "city", "state", "zip", "country"];

/// Other names of columns, as address books write them.
const ALIASES: [(&str, &str); 32] = [
    ("id", "uid"),
    ("external_id", "uid"),
    ("title", "prefix"),
    ("name_prefix", "prefix"),
    ("name_suffix", "suffix"),
    ("given_name", "first_name"),
    ("additional_name", "middle_name"),
    ("family_name", "last_name"),
    ("surname", "last_name"),
    ("name", "first_name"),
    ("organization", "company"),
    ("organization_name", "company"),
    ("organization_department", "department"),
    ("organization_title", "job_title"),
    ("email_address", "email"),
    ("e_mail", "email"),
    ("e_mail_address", "email"),
    ("e_mail_2_address", "email_2"),
    ("e_mail_3_address", "email_3"),
    ("phone", "home_phone"),
    ("mobile", "mobile_phone"),
    ("home_phone_2", "home_phone"),
    ("business_phone_2", "business_phone"),
    ("company_main_phone", "business_phone"),
    ("work_phone", "business_phone"),
    ("business_fax", "fax"),
    ("home_fax", "fax"),
    ("home_postal_code", "home_zip"),
    ("business_postal_code", "business_zip"),
    ("home_country_region", "home_country"),
    ("business_country_region", "business_country"),
    ("work_street", "business_street"),
];

/// A file without a column that is known.
#[derive(Debug, thiserror::Error)]
#[error("the first line names no column of a contact; `handset contact import --help` lists them")]
struct NoColumns;

/// The rows of a file.
pub fn records(reader: Box<dyn BufRead>) -> Result<Drafts, Box<dyn Error>> {
    let rows = Rows::open(reader)?;
    let names: Vec<String> = rows.headings().iter().map(|name| own_name(name)).collect();
    if !names.iter().any(|name| is_known(name)) {
        return Err(NoColumns.into());
    }
    let draft = move |cells: Vec<String>| draft(names.iter().map(String::as_str).zip(cells.iter().map(String::as_str)));
    Ok(Box::new(rows.map(move |row| Ok(row?.map(&draft)))))
}

/// Our name of a column.
fn own_name(name: &str) -> String {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, own)| own).to_owned()
}

fn is_known(name: &str) -> bool {
    let is_text = Text::VARIANTS.iter().any(|text| text.into_str() == name);
    let is_number = NUMBERS.iter().any(|(column, ..)| *column == name);
    is_text || is_number || name.starts_with("email") || address_part(name).is_some()
}

/// Kind and part of an address.
fn address_part(name: &str) -> Option<(&'static str, &'static str)> {
    let (kind, part) = name.split_once('_')?;
    let kind = KINDS.iter().find(|(known, _)| *known == kind)?.0;
    Some((kind, PARTS.into_iter().find(|known| *known == part)?))
}

fn draft<'a>(cells: impl Iterator<Item = (&'a str, &'a str)>) -> Draft {
    let (mut draft, mut addresses) = (Draft::default(), KINDS.map(|(kind, _)| json!({ "type": kind })));
    for (name, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
        let values =
            cell.split(SEPARATOR.trim()).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        if name == "uid" {
            draft.uid = Some(cell.to_owned());
        } else if name.starts_with("email") {
            draft.emails.extend(values);
        } else if let Some((_, kind, _)) = NUMBERS.iter().find(|(column, ..)| *column == name) {
            draft.phone_numbers.extend(values.map(|number| (*kind, number)));
        } else if let Some((kind, part)) = address_part(name) {
            addresses
                .iter_mut()
                .filter(|address| address["type"] == kind)
                .for_each(|address| address[part] = cell.into());
        } else if Text::VARIANTS.iter().any(|text| text.into_str() == name) {
            draft.set(name, cell);
        }
    }
    let has_part = |address: &Value| address.as_object().is_some_and(|address| address.len() > 1);
    draft.addresses = addresses.into_iter().filter(has_part).collect();
    draft
}

/// Contacts as rows.
#[derive(Default)]
pub struct Sheet {
    /// Number of addresses beyond one of a kind, for which there are no columns.
    pub left_out: usize,
}

impl Sheet {
    /// The first line.
    pub fn heading(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let texts = Text::VARIANTS.iter().map(|text| text.into_str().to_owned());
        let columns = std::iter::once("uid".to_owned()).chain(texts).chain(["email".to_owned(), "email_2".to_owned()]);
        let columns = columns.chain(NUMBERS.map(|(column, ..)| column.to_owned()));
        let parts = KINDS.iter().flat_map(|(kind, _)| PARTS.map(|part| format!("{kind}_{part}")));
        csv_line(columns.chain(parts))
    }

    /// The line of a contact.
    pub fn row(&mut self, uid: &str, fields: &ContactFields) -> Result<Vec<u8>, Box<dyn Error>> {
        let mut cells = vec![uid.to_owned()];
        cells.extend(fields.texts.as_slice().iter().cloned());
        cells.extend((0..2).map(|index| fields.emails.get(index).map(|email| email.email.clone()).unwrap_or_default()));
        for (_, _, wanted) in NUMBERS {
            let numbers = fields.phone_numbers.iter().filter(|number| number.kind == wanted);
            cells.push(numbers.map(|number| number.number.as_str()).collect::<Vec<_>>().join(SEPARATOR));
        }
        for (_, wanted) in KINDS {
            let mut addresses = fields.addresses.iter().filter(|address| address.kind == wanted);
            let parts =
                addresses.next().map(|it| [&it.street, &it.city, &it.state, &it.zip, &it.country].map(String::clone));
            cells.extend(parts.unwrap_or_default());
            self.left_out += addresses.count();
        }
        csv_line(cells)
    }
}
