//! Worst-case bodies and queries of their size: the server's CPU time grows linearly with the length. The server runs in the
//! test's own thread, so the measured CPU time is that of both, and does not depend on other load of the machine; the time
//! of the database is not included.

use crate::instant_keys::{EXCHANGE, PREVIEW};
use crate::support::client::{Client, Response};
use crate::support::document::{Dialect, Operation, operations};
use crate::support::phone_com::Extension;
use crate::support::scim::path_of;
use crate::support::ucwa::Person;
use crate::support::world::World;
use nix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Bytes of the smaller body; the larger one has four times as many.
const BODY: usize = 32 * 1024;
const QUERY: usize = 7 * 1024;
/// Of an operation without authentication, whose bodies are shorter.
const SHORT_BODY: usize = 3 * 1024;
/// Maximum size of a body, with authentication and without.
const MOST: usize = 1 << 20;
const MOST_UNAUTHENTICATED: usize = 16 * 1024;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const XML: &str = "application/xml";
const NUMBER: &str = "/me/phones/home/changeNumber";
const OAUTH: &str = "/v4/oauth/access-token";
const WEB_TICKET: &str = "/webticket/oauthtoken";

/// A name, and a text of this many bytes.
type WorstCase = (&'static str, fn(usize) -> String);

/// Well-formed JSON, with fields that are used or ignored.
const JSON_SHAPES: [WorstCase; 12] = [
    ("keys", |size| format!("{{{}\"x\":0}}", pieces(size, |at| format!("\"{at}\":1,")))),
    ("one key again and again", |size| format!("{{{}\"x\":0}}", pieces(size, |_| "\"x\":1,".to_owned()))),
    ("keys of a record", |size| {
        let keys = pieces(size, |at| format!("\"{at}\":1,"));
        format!("{{\"custom_metadata\":{{{keys}\"x\":0}},\"custom_metadata_has\":{{{keys}\"x\":0}}}}")
    }),
    ("faulty items", |size| {
        let items = pieces(size, |_| "1,".to_owned());
        format!("{{\"user_identity_ids\":[{items}1],\"phone_numbers\":[{items}1]}}")
    }),
    ("faulty objects", |size| format!("{{\"addresses\":[{}{{}}]}}", pieces(size, |_| "{\"zip\":1},".to_owned()))),
    ("numbers to dial", |size| {
        let numbers = pieces(size, |at| format!("{{\"number\":\"425555{at:04}\"}},"));
        format!("{{\"phone_numbers\":[{numbers}{{\"number\":\"+14255550100\"}}]}}")
    }),
    ("values of no use", |size| format!("{{\"sip_config\":[{}[]]}}", pieces(size, |_| "[[[]]],".to_owned()))),
    ("digits", |size| format!("{{\"limit\":{}}}", "9".repeat(size))),
    ("a fraction", |size| format!("{{\"limit\":0.{}}}", "9".repeat(size))),
    ("texts", |size| {
        let text = "1".repeat(size);
        format!("{{\"first_name\":\"{text}\",\"number\":\"{text}\",\"phone_number\":\"{text}\",\"search\":\"{text}\"}}")
    }),
    ("escapes", |size| format!("{{\"first_name\":\"{}\"}}", "\\u0041".repeat(size / 6))),
    ("lines", |size| format!("{{{}}}", "\n".repeat(size))),
];

const FORM_SHAPES: [WorstCase; 4] = [
    ("names", |size| pieces(size, |at| format!("{at}=1&"))),
    ("one name again and again", |size| "a=1&".repeat(size / 4)),
    ("ampersands", |size| "&".repeat(size)),
    ("escapes", |size| format!("grant_type=password&password=x&username={}", "%41".repeat(size / 3))),
];

const XML_SHAPES: [WorstCase; 6] = [
    ("properties", |size| input(pieces(size, |at| format!("<property name='{at}'/>")))),
    ("attributes", |size| input(format!("<property{} name='a'/>", pieces(size, |at| format!(" a{at}=''"))))),
    ("elements", |size| input("<a/>".repeat(size / 4))),
    ("elements in elements", |size| input(format!("{}{}", "<a>".repeat(size / 7), "</a>".repeat(size / 7)))),
    ("references", |size| input(format!("<property name='number'>{}</property>", "&#65;".repeat(size / 5)))),
    ("comments", |size| input("<!---->".repeat(size / 7))),
];

const QUERY_SHAPES: [WorstCase; 8] = [
    ("names", |size| pieces(size, |at| format!("{at}=1&"))),
    ("one name again and again", |size| "limit=1&".repeat(size / 8)),
    ("names below a name", |size| pieces(size, |at| format!("custom_metadata_has.{at}=1&"))),
    ("filters of a field", |size| "filters[id]=gt:1&".repeat(size / 17)),
    ("filters of no field", |size| pieces(size, |at| format!("filters[{at}]=1&"))),
    ("sorts", |size| "sort[id]=asc&".repeat(size / 13)),
    ("values", |size| format!("filters[name]=in:{}", "a,".repeat(size / 2))),
    ("escapes", |size| format!("filters[name]={}", "%5C%2C".repeat(size / 6))),
];

/// Operations on members, each of which is compared with others of the same body.
const PATCH_SHAPES: [WorstCase; 8] = [
    ("operations that add", |size| {
        patch(pieces(size, |at| format!("{{\"op\":\"add\",\"path\":\"members\",\"value\":{{\"value\":\"{at}\"}}}},")))
    }),
    ("values to remove", |size| {
        let values = pieces(size / 2, |at| format!("{{\"value\":\"{at}\"}},"));
        let others = pieces(size / 2, |at| format!("{{\"display\":\"{at}\"}},"));
        patch(format!(
            "{{\"op\":\"add\",\"path\":\"members\",\"value\":[{values}{{}}]}},
            {{\"op\":\"remove\",\"path\":\"members\",\"value\":[{others}{{}}]}},"
        ))
    }),
    ("empty values to remove", |size| {
        let values = pieces(size, |_| "{},".to_owned());
        patch(format!("{{\"op\":\"remove\",\"path\":\"members\",\"value\":[{values}{{}}]}},"))
    }),
    ("operations by filter", |size| {
        patch(pieces(size, |at| format!("{{\"op\":\"remove\",\"path\":\"members[value eq \\\"{at}\\\"]\"}},")))
    }),
    ("a long text for each value", |size| {
        let values = pieces(size / 2, |at| format!("{{\"value\":\"{at}\"}},"));
        let text = "x".repeat(size / 2);
        patch(format!(
            "{{\"op\":\"add\",\"path\":\"members\",\"value\":[{values}{{}}]}},
            {{\"op\":\"replace\",\"path\":\"members[value pr].display\",\"value\":\"{text}\"}},"
        ))
    }),
    ("a filter for a long text", |size| {
        let values = pieces(size / 2, |at| format!("{{\"value\":\"{at}\"}},"));
        let text = "x".repeat(size / 2);
        patch(format!(
            "{{\"op\":\"add\",\"path\":\"members\",\"value\":[{values}{{}}]}},
            {{\"op\":\"remove\",\"path\":\"members[value eq \\\"{text}\\\"]\"}},"
        ))
    }),
    ("members of an extension", |size| {
        let members = pieces(size, |at| format!("\"a{at}\":1,"));
        patch(format!("{{\"op\":\"add\",\"value\":{{\"urn:acme:2.0:Group\":{{{members}\"x\":0}}}}}},"))
    }),
    ("members of a value", |size| {
        let members = pieces(size, |at| format!("\"a{at}\":1,"));
        patch(format!("{{\"op\":\"add\",\"value\":{{\"members\":{{{members}\"x\":0}}}}}},"))
    }),
];

/// A body of operations, each with a comma behind it.
fn patch(operations: String) -> String {
    format!("{{\"Operations\":[{operations}{{\"op\":\"remove\",\"path\":\"externalId\"}}]}}")
}

fn input(inside: String) -> String {
    format!("<input>{inside}</input>")
}

/// As many pieces as fit into `size` bytes, each made of its index.
fn pieces(size: usize, piece: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(size);
    for at in 0.. {
        let next = piece(at);
        if text.len() + next.len() > size {
            break;
        }
        text.push_str(&next);
    }
    text
}

/// CPU time of this thread so far.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a thread has a clock").into()
}

/// Checks that four times the size takes about four times as long; with quadratic growth it would take sixteen times.
async fn time_is_linear(size: usize, what: &str, send_request: impl AsyncFn(usize) -> Response) {
    let mut best = [Duration::MAX; 2];
    for _ in 0..5 {
        for (best, size) in best.iter_mut().zip([size, 4 * size]) {
            let before = cpu_time();
            let response = send_request(size).await;
            *best = (*best).min(cpu_time() - before);
            assert!(response.status < 500, "{what}: {response:?}");
        }
        if best[1] < 9 * best[0] + Duration::from_millis(10) {
            return;
        }
    }
    panic!("{what}: {best:?}");
}

async fn bodies(size: usize, shapes: &[WorstCase], kind: &str, places: &[(&Client, &str, &str)]) {
    for (client, method, path) in places {
        for (name, shape) in shapes {
            let send_request = async |size| {
                let request = client.request(method, path).header("content-type", kind);
                client.send(request.body(shape(size))).await
            };
            time_is_linear(size, &format!("{method} {path}, {name}"), send_request).await;
        }
    }
}

#[tokio::test]
async fn the_time_for_json_is_linear_in_its_size() {
    let world = World::new().await;
    let (extension, jane) = (Extension::new(&world).await, Person::new(&world, "jane").await);
    let device = format!("/devices/update?device_id={}", world.phone(&jane.id).await);
    let (key, anonymous) = (world.key(), world.anonymous());
    bodies(
        BODY,
        &JSON_SHAPES,
        JSON,
        &[
            (key, "POST", "/phones/list"),
            (key, "PATCH", &device),
            (key, "POST", "/v1/phone/import"),
            (key, "POST", &extension.contacts()),
            (&jane.client, "POST", NUMBER),
        ],
    )
    .await;
    bodies(SHORT_BODY, &JSON_SHAPES, JSON, &[(&anonymous, "POST", OAUTH)]).await;
}

#[tokio::test]
async fn the_time_for_operations_of_a_directory_is_linear_in_their_size() {
    let world = World::new().await;
    let directory = world.directory().await;
    let user = directory.create_scim_user("jane").await;
    let group = directory.create_scim_group("Sales", &[&user]).await;
    bodies(
        BODY,
        &PATCH_SHAPES,
        JSON,
        &[(&directory, "PATCH", &path_of(&group)), (&directory, "PATCH", &path_of(&user))],
    )
    .await;
}

#[tokio::test]
async fn the_time_for_forms_and_xml_is_linear_in_their_size() {
    let world = World::new().await;
    let (jane, anonymous) = (Person::new(&world, "jane").await, world.anonymous());
    bodies(SHORT_BODY, &FORM_SHAPES, FORM, &[(&anonymous, "POST", OAUTH), (&anonymous, "POST", WEB_TICKET)]).await;
    bodies(BODY, &XML_SHAPES, XML, &[(&jane.client, "POST", NUMBER)]).await;
}

#[tokio::test]
async fn the_time_for_queries_is_linear_in_their_size() {
    let world = World::new().await;
    let (extension, jane) = (Extension::new(&world).await, Person::new(&world, "jane").await);
    let contacts = extension.contacts();
    for (client, path) in [
        (world.key(), "/phones/list"),
        (world.key(), "/v1/phone/"),
        (world.key(), &*contacts),
        (&jane.client, "/me/phones/home"),
    ] {
        for (name, shape) in QUERY_SHAPES {
            let send_request = async |size| client.get(&format!("{path}?{}", shape(size))).await;
            time_is_linear(QUERY, &format!("{path}, {name}"), send_request).await;
        }
    }
}

#[tokio::test]
async fn bodies_nested_up_to_the_maximum_size_are_refused() {
    let world = World::new().await;
    let (extension, jane) = (Extension::new(&world).await, Person::new(&world, "jane").await);
    let contacts = extension.contacts();
    let json = |most: usize| {
        ["[".repeat(most), "{\"a\":".repeat(most / 5), format!("{{\"a\":{}", "[[{\"b\":".repeat(most / 8 - 1))]
    };
    let (json, short) = (json(MOST), json(MOST_UNAUTHENTICATED));
    let xml = ["<input>".repeat(MOST / 7), format!("<input>{}", "<property name='a'>".repeat(MOST / 20))];
    let anonymous = world.anonymous();
    for (client, path, kind, bodies) in [
        (world.key(), "/phones/list", JSON, &json[..]),
        (world.key(), "/v1/phone/import", JSON, &json[..]),
        (world.key(), &*contacts, JSON, &json[..]),
        (&jane.client, NUMBER, JSON, &json[..]),
        (&jane.client, NUMBER, XML, &xml[..]),
        (&anonymous, OAUTH, JSON, &short[..]),
        (&anonymous, EXCHANGE, JSON, &short[..]),
        (&anonymous, PREVIEW, JSON, &short[..]),
        (&anonymous, "/health", JSON, &short[..]),
    ] {
        for body in bodies {
            let response = client.bytes(path, Some(kind), body.clone()).await;
            assert!(matches!(response.status, 400 | 422), "{path}, {:.40}: {response:?}", body);
        }
    }
}

#[tokio::test]
async fn bodies_of_callers_without_credentials_have_at_most_16_kib() {
    let world = World::new().await;
    let anonymous = world.anonymous();
    let body = |length: usize| format!("{{\"short_code\":\"x\",\"x\":\"{}\"}}", "x".repeat(length - 25));
    // Other dialects read no body of a GET.
    let has_body = |it: &Operation| it.is_open() && (it.method == "POST" || it.dialect() == Dialect::Seam);
    let mut count = 0;
    for operation in operations().into_iter().filter(has_body) {
        let kind = if operation.path == WEB_TICKET { FORM } else { JSON };
        let send = async |length| {
            let request = anonymous.request(operation.method, operation.path).header("content-type", kind);
            anonymous.send(request.body(body(length))).await.status
        };
        assert_ne!(send(MOST_UNAUTHENTICATED).await, 413, "{operation}");
        assert_eq!(send(MOST_UNAUTHENTICATED + 1).await, 413, "{operation}");
        count += 1;
    }
    assert!(count >= 8, "only {count} operations");
    let largest = anonymous.bytes(EXCHANGE, Some(JSON), body(MOST_UNAUTHENTICATED)).await;
    largest.refused(404, "instant_key_not_found");
}
