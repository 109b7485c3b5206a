//! Contacts as vCards (RFC 6350 and its predecessors), one after the other.

use super::draft::{Draft, Drafts};
use crate::cli::transfer::Record;
use crate::domain::contact::{Address, AddressType, ContactFields, EmailType, NumberType, Text};
use calcard::common::IanaString;
use calcard::vcard::{
    VCard, VCardEntry, VCardParameter, VCardParameterName, VCardParameterValue, VCardProperty, VCardValue, VCardVersion,
};
use serde_json::json;
use std::error::Error;
use std::fmt;
use std::io::{BufRead, Read};

/// Maximum size of a card, in bytes, with its pictures.
const MAX_CARD: usize = 8 * 1024 * 1024;

/// The cards of a file.
pub fn records(reader: Box<dyn BufRead>) -> Drafts {
    let mut cards = Cards { reader, line: 0, is_foreign: false };
    Box::new(std::iter::from_fn(move || cards.next().transpose()))
}

/// Cards as they are read: no more than one is in memory.
struct Cards {
    reader: Box<dyn BufRead>,
    line: u64,
    /// Whether the last line is no part of a card; of those that follow each other the first is reported.
    is_foreign: bool,
}

impl Cards {
    fn next(&mut self) -> Result<Option<Record<Draft>>, Box<dyn Error>> {
        let (mut card, mut start, mut depth) = (Vec::new(), 0, 0_usize);
        loop {
            // A card that is too large is read to its end, and not kept.
            card.truncate(MAX_CARD + 1);
            let at = card.len();
            self.line += 1;
            if (&mut self.reader).take(MAX_CARD as u64).read_until(b'\n', &mut card)? == 0 {
                let cut = "the card has no END:VCARD; the file may be incomplete";
                return Ok((depth > 0).then(|| refused(start, cut)));
            }
            let line = card[at..].trim_ascii();
            let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
            if line.eq_ignore_ascii_case(b"BEGIN:VCARD") {
                (depth, self.is_foreign) = (depth + 1, false);
                start = if depth == 1 { self.line } else { start };
            } else if line.eq_ignore_ascii_case(b"END:VCARD") && depth > 0 {
                depth -= 1;
                if depth == 0 {
                    return Ok(Some(Record { line: start, content: read(card) }));
                }
            } else if depth == 0 {
                let is_first = !line.is_empty() && !self.is_foreign;
                card.clear();
                if is_first {
                    self.is_foreign = true;
                    return Ok(Some(refused(self.line, "this is not a vCard")));
                }
            }
        }
    }
}

fn refused(line: u64, reason: &str) -> Record<Draft> {
    Record { line, content: Err(vec![reason.to_owned()]) }
}

fn read(card: Vec<u8>) -> Result<Draft, Vec<String>> {
    let fault = |reason: &str| vec![reason.to_owned()];
    if card.len() > MAX_CARD {
        return Err(fault("the card is larger than 8 MiB"));
    }
    let text = String::from_utf8(card).map_err(|_| fault("the card is not UTF-8; save the file in that encoding"))?;
    let card = VCard::parse(text.trim_start_matches('\u{feff}')).map_err(|_| fault("the card cannot be read"))?;
    Ok(draft(&card))
}

fn draft(card: &VCard) -> Draft {
    let mut draft = Draft { uid: card.uid().filter(|uid| !uid.is_empty()).map(str::to_owned), ..Draft::default() };
    let first = |property: &VCardProperty| card.property(property).map(components).unwrap_or_default();
    let name = first(&VCardProperty::N);
    for (text, part) in ["last_name", "first_name", "middle_name", "prefix", "suffix"].into_iter().zip(&name) {
        draft.set(text, part);
    }
    let company = first(&VCardProperty::Org);
    draft.set("company", company.first().map_or("", String::as_str));
    draft.set(
        "department",
        &company.iter().skip(1).filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", "),
    );
    draft.set("nickname", &first(&VCardProperty::Nickname).join(", "));
    draft.set("job_title", first(&VCardProperty::Title).first().map_or("", String::as_str));
    for (property, text) in PHONETIC {
        draft.set(text, first(&VCardProperty::Other(property.to_owned())).first().map_or("", String::as_str));
    }
    let full_name = first(&VCardProperty::Fn).join(", ");
    let has_name = name.iter().any(|part| !part.is_empty());
    // A company's card has its name in both.
    if !has_name && draft.texts.get("company").and_then(|company| company.as_str()) != Some(full_name.trim()) {
        draft.set("first_name", &full_name);
    }
    let mut emails: Vec<&VCardEntry> = card.properties(&VCardProperty::Email).collect();
    emails.sort_by_key(|entry| !types(entry).contains(&"pref".to_owned()));
    draft.emails = emails.into_iter().map(text).filter(|email| !email.is_empty()).collect();
    let numbers = card.properties(&VCardProperty::Tel).map(|entry| {
        let number = text(entry);
        (number_type(&types(entry)), number.strip_prefix("tel:").map_or(number.clone(), str::to_owned))
    });
    draft.phone_numbers = numbers.filter(|(_, number)| !number.is_empty()).collect();
    let addresses = card.properties(&VCardProperty::Adr).filter_map(|entry| {
        let parts = components(entry);
        let part = |index: usize| parts.get(index).cloned().unwrap_or_default();
        let street: Vec<String> = (0..3).map(part).filter(|part| !part.is_empty()).collect();
        let kind = if types(entry).contains(&"work".to_owned()) { "business" } else { "home" };
        let is_empty = parts.iter().all(|part| part.is_empty());
        (!is_empty).then(|| {
            json!({
                "type": kind, "street": street.join(", "), "city": part(3), "state": part(4), "zip": part(5),
                "country": part(6),
            })
        })
    });
    draft.addresses = addresses.collect();
    draft
}

/// Properties of phonetic names, which most programs write.
const PHONETIC: [(&str, &str); 3] = [
    ("X-PHONETIC-FIRST-NAME", "phonetic_first_name"),
    ("X-PHONETIC-MIDDLE-NAME", "phonetic_middle_name"),
    ("X-PHONETIC-LAST-NAME", "phonetic_last_name"),
];

/// The parts of a value; several values of one part are joined.
fn components(entry: &VCardEntry) -> Vec<String> {
    let part = |value: &VCardValue| match value {
        VCardValue::Component(parts) => parts.join(" ").trim().to_owned(),
        value => value.as_text().unwrap_or_default().trim().to_owned(),
    };
    entry.values.iter().map(part).collect()
}

fn text(entry: &VCardEntry) -> String {
    components(entry).into_iter().next().unwrap_or_default()
}

/// The types of a value in lower case, also those that vCard 2.1 writes without `TYPE=`.
fn types(entry: &VCardEntry) -> Vec<String> {
    let words = |parameter: &VCardParameter| match (&parameter.name, &parameter.value) {
        (VCardParameterName::Type, VCardParameterValue::Type(value)) => value.as_str().to_owned(),
        (VCardParameterName::Type, VCardParameterValue::Text(value)) => value.clone(),
        (VCardParameterName::Pref, _) => "pref".to_owned(),
        (VCardParameterName::Other(name), VCardParameterValue::Null) => name.clone(),
        _ => String::new(),
    };
    entry.params.iter().map(|parameter| words(parameter).to_lowercase()).collect()
}

fn number_type(types: &[String]) -> &'static str {
    let is = |wanted: &[&str]| types.iter().any(|it| wanted.contains(&it.as_str()));
    match () {
        () if is(&["fax"]) => "fax",
        () if is(&["pager"]) => "pager",
        () if is(&["cell", "iphone", "mobile"]) => "mobile",
        () if is(&["work"]) => "business",
        () => "home",
    }
}

/// A contact as a vCard 3.0, which address books read.
pub fn card(uid: &str, fields: &ContactFields) -> Result<String, fmt::Error> {
    let text = |text: Text| fields.texts[text].as_str();
    let mut entries = vec![
        property(VCardProperty::Uid, [uid]),
        property(
            VCardProperty::N,
            [Text::LastName, Text::FirstName, Text::MiddleName, Text::Prefix, Text::Suffix].map(text),
        ),
        property(VCardProperty::Fn, [full_name(fields).as_str()]),
    ];
    let mut add = |name: VCardProperty, values: Vec<&str>| {
        if values.iter().any(|value| !value.is_empty()) {
            entries.push(property(name, values));
        }
    };
    add(VCardProperty::Nickname, vec![text(Text::Nickname)]);
    add(
        VCardProperty::Org,
        match text(Text::Department) {
            "" => vec![text(Text::Company)],
            department => vec![text(Text::Company), department],
        },
    );
    add(VCardProperty::Title, vec![text(Text::JobTitle)]);
    for ((name, _), value) in
        PHONETIC.iter().zip([Text::PhoneticFirstName, Text::PhoneticMiddleName, Text::PhoneticLastName])
    {
        add(VCardProperty::Other((*name).to_owned()), vec![text(value)]);
    }
    for email in &fields.emails {
        let kind = if email.kind == EmailType::Primary { "INTERNET,PREF" } else { "INTERNET" };
        entries.push(typed(property(VCardProperty::Email, [email.email.as_str()]), kind));
    }
    for number in &fields.phone_numbers {
        let kind = match number.kind {
            NumberType::Home => "HOME,VOICE",
            NumberType::Business => "WORK,VOICE",
            NumberType::Mobile => "CELL",
            NumberType::Fax => "FAX",
            NumberType::Pager => "PAGER",
        };
        entries.push(typed(property(VCardProperty::Tel, [number.number.as_str()]), kind));
    }
    for Address { kind, street, city, state, zip, country } in &fields.addresses {
        let parts = ["", "", street, city, state, zip, country];
        let kind = if *kind == AddressType::Home { "HOME" } else { "WORK" };
        entries.push(typed(property(VCardProperty::Adr, parts), kind));
    }
    let mut card = String::new();
    VCard { entries }.write_to(&mut card, VCardVersion::V3_0)?;
    Ok(card)
}

fn property<'a>(name: VCardProperty, values: impl IntoIterator<Item = &'a str>) -> VCardEntry {
    let values = values.into_iter().map(|value| VCardValue::Text(value.to_owned())).collect();
    VCardEntry { group: None, name, params: Vec::new(), values }
}

fn typed(mut entry: VCardEntry, types: &str) -> VCardEntry {
    let of = |name: &str| VCardParameter {
        name: VCardParameterName::Type,
        value: VCardParameterValue::Text(name.to_owned()),
    };
    entry.params = types.split(',').map(of).collect();
    entry
}

/// What the contact is called; a card has to have a name.
fn full_name(fields: &ContactFields) -> String {
    let names = [Text::Prefix, Text::FirstName, Text::MiddleName, Text::LastName, Text::Suffix];
    let names: Vec<&str> =
        names.into_iter().map(|text| fields.texts[text].as_str()).filter(|name| !name.is_empty()).collect();
    let others = [&fields.texts[Text::Company], &fields.texts[Text::Nickname]].map(String::as_str);
    let numbers = fields.phone_numbers.iter().map(|number| number.number.as_str());
    let emails = fields.emails.iter().map(|email| email.email.as_str());
    match names.join(" ") {
        name if name.is_empty() => {
            others.into_iter().chain(emails).chain(numbers).find(|name| !name.is_empty()).unwrap_or("?").to_owned()
        }
        name => name,
    }
}
