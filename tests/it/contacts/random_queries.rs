//! Property test of lists: a query of filters, sorts and a page over a few odd contacts returns what a small model of
//! the vendor's grammar selects in memory. The model shares no code with the parser and uses no SQL.

use crate::support::client::Response;
use crate::support::phone_com::Extension;
use crate::support::property_test::{check_property, runtime};
use crate::support::world::World;
use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

/// Pieces of names and values: letters in both cases, and characters with a meaning on some layer.
const PIECES: [&str; 14] = ["a", "B", "é", "É", "%", "_", "\\", ",", ":", "'", "\"", "*", ".", " "];
/// An operator and its number of values; `None` if any number is allowed.
type Operator = (&'static str, Option<usize>);

const EQUAL: Operator = ("eq", Some(1));
const OPERATORS: [Operator; 20] = [
    ("empty", Some(0)),
    ("not-empty", Some(0)),
    EQUAL,
    ("ne", Some(1)),
    ("lt", Some(1)),
    ("gt", Some(1)),
    ("lte", Some(1)),
    ("gte", Some(1)),
    ("starts-with", Some(1)),
    ("ends-with", Some(1)),
    ("contains", Some(1)),
    ("not-starts-with", Some(1)),
    ("not-ends-with", Some(1)),
    ("not-contains", Some(1)),
    ("between", Some(2)),
    ("not-between", Some(2)),
    ("in", None),
    ("not-in", None),
    // KnownContact to the grammar and not supported.
    ("sounds", Some(usize::MAX)),
    ("not-sounds", Some(usize::MAX)),
];
/// Phone numbers as entered and in E.164.
const DIALLED: [(&str, &str); 4] = [
    ("425.555.0100", "+14255550100"),
    ("(425) 555-0100 ", "+14255550100"),
    ("+34 675 89 76 54", "+34675897654"),
    ("1-800-FLOWERS", "+18003569377"),
];

/// A contact in the model.
#[derive(Debug)]
struct KnownContact {
    id: i64,
    group_id: Option<i64>,
    updated_at: i64,
    name: String,
    /// Each number in E.164 and as entered.
    phones: Vec<[String; 2]>,
}

impl KnownContact {
    fn of(contact: &Value) -> KnownContact {
        let actual = |value: &Value| value.as_str().expect("a text").to_lowercase();
        let names = ["first_name", "middle_name", "last_name"].map(|name| actual(&contact[name]));
        let numbers = contact["phone_numbers"].as_array().expect("a list").iter();
        KnownContact {
            id: contact["id"].as_i64().expect("an id"),
            group_id: contact["group"]["id"].as_i64(),
            updated_at: contact["updated_at"].as_i64().expect("seconds"),
            name: names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" "),
            phones: numbers.map(|number| [actual(&number["normalized"]), actual(&number["number"])]).collect(),
        }
    }

    /// A numeric field; `None` for a text field.
    fn number(&self, field: &str) -> Option<Option<i64>> {
        match field {
            "id" => Some(Some(self.id)),
            "group_id" => Some(self.group_id),
            "updated_at" => Some(Some(self.updated_at)),
            _ => None,
        }
    }
}

/// `filters[field]=operator:value,value`; without an operator, the field must equal the one value.
#[derive(Debug, Clone)]
struct Filter {
    field: &'static str,
    operator: Option<Operator>,
    values: Vec<String>,
}

impl Filter {
    fn written(&self) -> String {
        let escaped: Vec<String> = self.values.iter().map(|value| value.replace(',', "\\,")).collect();
        match self.operator {
            None => escaped.join(","),
            Some((name, _)) if self.values.is_empty() => name.to_owned(),
            Some((name, _)) => format!("{name}:{}", escaped.join(",")),
        }
    }

    fn place(&self) -> String {
        format!("filters.{}", self.field)
    }

    /// Operator and values. A bare word is an operator only if that takes no value.
    fn operator_and_values(&self) -> (Operator, Vec<String>) {
        match self.operator {
            Some(operator @ (_, Some(0))) => (operator, self.values.clone()),
            Some((word, _)) if self.values.is_empty() => (EQUAL, vec![word.to_owned()]),
            operator => (operator.unwrap_or(EQUAL), self.values.clone()),
        }
    }

    /// Whether its written form is unambiguous: a backslash before the comma between two values joins them.
    fn is_plain(&self) -> bool {
        let is_parted = self.values.iter().rev().skip(1).all(|value| !value.ends_with('\\'));
        let is_bare = self.operator.is_some() || !self.values[0].starts_with("in:");
        is_parted && is_bare && !matches!(self.written().as_str(), "empty:" | "not-empty:")
    }

    /// Whether the operator accepts this number of values, and the field these values.
    fn is_good(&self) -> bool {
        let ((name, arity), values) = self.operator_and_values();
        let is_part = name.ends_with("with") || name.ends_with("contains");
        let is_text = is_part || matches!(self.field, "name" | "phone");
        let is_fit = |value: &String| is_text || value.trim().parse::<i128>().is_ok();
        arity.is_none_or(|arity| values.len() == arity) && values.iter().all(is_fit)
    }

    /// Whether a contact matches.
    fn finds(&self, contact: &KnownContact) -> bool {
        let ((name, _), values) = self.operator_and_values();
        let (name, is_negated) = match name {
            "ne" => ("eq", true),
            name => name.strip_prefix("not-").map_or((name, false), |name| (name, true)),
        };
        let passes = match contact.number(self.field) {
            Some(number) if name == "empty" => number.is_none_or(|number| number == 0),
            Some(number) => number.is_some_and(|number| number_passes(name, number, &values)),
            None if name == "empty" && self.field == "phone" => contact.phones.is_empty(),
            None if self.field == "phone" => {
                contact.phones.iter().flatten().any(|text| text_passes(name, text, &dialled(name, &values)))
            }
            None => text_passes(name, &contact.name, &values),
        };
        passes != is_negated
    }
}

/// Adds the E.164 forms to the values of an equality operator.
fn dialled(operator: &str, values: &[String]) -> Vec<String> {
    let others =
        DIALLED.iter().filter(|(written, _)| matches!(operator, "eq" | "in") && values.iter().any(|v| v == written));
    values.iter().cloned().chain(others.map(|(_, number)| (*number).to_owned())).collect()
}

fn number_passes(operator: &str, number: i64, values: &[String]) -> bool {
    if matches!(operator, "starts-with" | "ends-with" | "contains") {
        return text_passes(operator, &number.to_string(), values);
    }
    let wanted: Vec<i128> = values.iter().map(|value| value.trim().parse().expect("`is_good` has parsed it")).collect();
    passes(operator, &i128::from(number), &wanted)
}

fn text_passes(operator: &str, text: &str, values: &[String]) -> bool {
    let wanted: Vec<String> = values.iter().map(|value| value.to_lowercase()).collect();
    match operator {
        "empty" => text.is_empty(),
        "starts-with" => text.starts_with(&wanted[0]),
        "ends-with" => text.ends_with(&wanted[0]),
        "contains" => text.contains(&wanted[0]),
        _ => passes(operator, &text.to_owned(), &wanted),
    }
}

fn passes<T: Ord>(operator: &str, it: &T, wanted: &[T]) -> bool {
    match operator {
        "eq" | "in" => wanted.contains(it),
        "lt" => *it < wanted[0],
        "lte" => *it <= wanted[0],
        "gt" => *it > wanted[0],
        "gte" => *it >= wanted[0],
        "between" => wanted[0] <= *it && *it <= wanted[1],
        other => panic!("the model does not know {other}"),
    }
}

/// A list request.
#[derive(Debug, Clone)]
struct RequestContext {
    filters: Vec<Filter>,
    /// Field, and whether the order ascends.
    sorts: Vec<(&'static str, bool)>,
    limit: usize,
    offset: usize,
    detail: &'static str,
}

impl RequestContext {
    fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        for filter in &self.filters {
            query.append_pair(&format!("filters[{}]", filter.field), &filter.written());
        }
        for (field, is_ascending) in &self.sorts {
            query.append_pair(&format!("sort[{field}]"), if *is_ascending { "asc" } else { "desc" });
        }
        query.append_pair("limit", &self.limit.to_string()).append_pair("offset", &self.offset.to_string());
        query.append_pair("fields", self.detail).finish()
    }

    /// Ids of all matching contacts, in order.
    fn expected(&self, contacts: &[KnownContact]) -> Vec<i64> {
        let mut found: Vec<&KnownContact> =
            contacts.iter().filter(|contact| self.filters.iter().all(|filter| filter.finds(contact))).collect();
        // Earlier sorts take precedence; ties are sorted by id in the direction of the last one.
        let last = self.sorts.last().is_none_or(|(_, is_ascending)| *is_ascending);
        found.sort_by_key(|contact| if last { contact.id } else { -contact.id });
        for (field, is_ascending) in self.sorts.iter().rev() {
            let key = |contact: &KnownContact| contact.number(field).flatten().unwrap_or_default();
            found.sort_by_key(|contact| if *is_ascending { key(contact) } else { -key(contact) });
        }
        found.into_iter().map(|contact| contact.id).collect()
    }

    #[track_caller]
    fn is_responded(&self, response: &Response, contacts: &[KnownContact]) {
        let mut wrong: Vec<String> =
            self.filters.iter().filter(|filter| !filter.is_good()).map(Filter::place).collect();
        wrong.dedup();
        if !wrong.is_empty() {
            return response.faults(&wrong.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let expected = self.expected(contacts);
        let page: Vec<i64> = expected.iter().skip(self.offset).take(self.limit).copied().collect();
        assert_eq!((response.ids(), &response.body["total"]), (page, &json!(expected.len())), "{response:?}");
        let is_full = |item: &Value| item.get("emails").is_some();
        assert!(response.items().iter().all(|item| is_full(item) == (self.detail != "brief")), "{response:?}");
    }
}

/// Queries that match some contacts in many cases.
fn request(contacts: &[KnownContact]) -> impl Strategy<Value = RequestContext> + use<> {
    let word = || prop::collection::vec(select(&PIECES[..]), 0..4).prop_map(|pieces| pieces.concat());
    let name = select(contacts.iter().map(|contact| contact.name.clone()).collect::<Vec<_>>());
    let phones: Vec<String> =
        DIALLED.iter().flat_map(|(written, number)| [*written, *number]).map(str::to_owned).collect();
    let phone = select(phones);
    let own: Vec<i64> = contacts
        .iter()
        .flat_map(|contact| [Some(contact.id), contact.group_id, Some(contact.updated_at)])
        .flatten()
        .collect();
    let extremes = select(vec!["0", "-1", " 7 ", "9223372036854775807", "-99999999999999999999", "x", "1.5", ""]);
    let number = prop_oneof![
        6 => (select(own), -1..=1_i64).prop_map(|(number, more)| (number + more).to_string()),
        1 => extremes.prop_map(str::to_owned),
    ];
    let text = prop_oneof![3 => word(), 1 => name];
    let filters = prop_oneof![
        (select(vec!["id", "group_id", "updated_at"]), Just(number.boxed())),
        (Just("name"), Just(text.clone().boxed())),
        (Just("phone"), Just(prop_oneof![2 => phone, 1 => text].boxed())),
    ];
    let filter = (filters, prop::option::weighted(0.9, select(&OPERATORS[..])), 0..3_usize, prop::bool::weighted(0.9));
    let filter = filter.prop_flat_map(|((field, value), operator, count, is_fitting)| {
        // Mostly as many values as the operator takes.
        let (_, arity) = operator.unwrap_or(EQUAL);
        let count = arity.filter(|arity| is_fitting && *arity < 3).unwrap_or(count);
        let count = count.max(usize::from(operator.is_none()));
        prop::collection::vec(value, count).prop_map(move |values| Filter { field, operator, values })
    });
    let filters = prop::collection::vec(filter.prop_filter("it is plain", Filter::is_plain), 0..3);
    let sorts = subsequence(vec!["updated_at", "id"], 0..=2).prop_shuffle();
    let sorts = (sorts, any::<[bool; 2]>()).prop_map(|(fields, ways)| fields.into_iter().zip(ways).collect());
    let detail = select(vec!["brief", "full", "all"]);
    (filters, sorts, 1..9_usize, 0..9_usize, detail)
        .prop_map(|(filters, sorts, limit, offset, detail)| RequestContext { filters, sorts, limit, offset, detail })
}

/// Odd contacts, some of them updated in the same second.
async fn contacts(world: &World) -> (Extension, Vec<KnownContact>) {
    let extension = Extension::new(world).await;
    extension.add_group("Family").await;
    extension.add_group("Friends").await;
    let names =
        ["", "a", "A%", "a_B", "É\\", "é\\%", "a,B", "a: b", "in:a", "%", "_", "\"'", "*.", "B", "bé\\,a", "aéb"];
    let mut contacts = Vec::new();
    for (at, name) in names.into_iter().enumerate() {
        let numbers: Vec<Value> =
            DIALLED.iter().skip(at % 5).take(at % 3).map(|(number, _)| json!({ "number": number })).collect();
        let group = [json!(null), json!("Family"), json!("Friends")][at / 2 % 3].clone();
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        let fields = json!({ "first_name": first, "last_name": last, "group": group, "phone_numbers": numbers });
        contacts.push(KnownContact::of(&extension.add_contact(fields).await));
        world.advance(TimeDelta::milliseconds(400));
    }
    (extension, contacts)
}

#[test]
fn a_random_list_query_returns_the_page_of_the_model() {
    let runtime = runtime();
    let world = runtime.block_on(World::new());
    let (extension, contacts) = runtime.block_on(contacts(&world));
    check_property(&runtime, 250, request(&contacts), async |request: RequestContext| {
        request.is_responded(&extension.search(&request.query()).await, &contacts);
    });
}

#[test]
fn an_arbitrary_list_query_gets_200_or_422() {
    let runtime = runtime();
    let world = runtime.block_on(World::new());
    let (extension, _) = runtime.block_on(contacts(&world));
    let names = select(vec![
        "filters[name]",
        "filters[id][]",
        "filters[phone]",
        "filters[",
        "filters",
        "sort[id]",
        "sort[]",
        "limit",
        "offset",
        "fields",
        "mode",
    ]);
    let name = prop_oneof![6 => names.prop_map(str::to_owned), 1 => "\\PC{0,6}"];
    let operator = select(OPERATORS.map(|(name, _)| name).to_vec());
    let value = prop_oneof![
        (operator, "[:,\\\\%_0-9a]{0,6}").prop_map(|(name, rest)| format!("{name}{rest}")),
        any::<String>()
    ];
    let pair =
        (name, value).prop_map(|(name, value)| Serializer::new(String::new()).append_pair(&name, &value).finish());
    let pair = prop_oneof![4 => pair, 1 => "[!$-;=?-~]{0,12}"];
    let query = prop::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join("&"));
    check_property(&runtime, 250, query, async |query: String| {
        let response = extension.search(&query).await;
        if response.status == 200 {
            response.items();
        } else {
            assert!(response.is_error(422)["@message"].is_string());
        }
    });
}
