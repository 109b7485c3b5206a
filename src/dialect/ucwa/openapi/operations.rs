//! The operations, under each base path.

use super::super::address::{ROOT, TOKEN};
use super::super::resource::Resource;
use super::super::{applications, autodiscover, me, phones};
use super::Operation;
use super::errors::*;
use super::examples::{APPLICATION, slot as slot_of, subscriber};
use super::inputs::*;
use super::responses::{empty, json_only, response};
use crate::api::openapi::reference;
use crate::model::slot::SlotType;
use serde_json::{Value, json};

/// The resources that are always empty.
const EMPTY: [(&str, &str); 8] = [
    ("/people", "get_people"),
    ("/onlineMeetings", "get_online_meetings"),
    ("/communication", "get_communication"),
    ("/policies", "get_policies"),
    ("/me/note", "get_note"),
    ("/me/presence", "get_presence"),
    ("/me/location", "get_location"),
    ("/me/callForwardingSettings", "get_call_forwarding_settings"),
];

/// The resources of a user identity under one base path.
struct Tree {
    /// The base path.
    base: String,
    /// The prefix of operation ids.
    id: &'static str,
    has_application: bool,
}

/// The header with the etag of a resource.
const ETAG: (&str, &str) = ("ETag", "The etag, in quotes");

/// The base path of examples. Under every base path the resources are the same.
fn example_base() -> String {
    format!("/ucwa/oauth/v1/applications/{APPLICATION}")
}

fn no_content() -> Value {
    empty("UcwaNoContent", "No content")
}

/// All of them, in the order of the document.
pub fn all() -> Vec<Operation> {
    let mut all =
        vec![root(), user("/oauth/user", "ucwa_discover_user_by_token"), user("/user", "ucwa_discover_user"), token()];
    for (prefix, id) in [("/ucwa/oauth/v1/applications", "ucwa"), ("/v1/applications", "ucwa_v1")] {
        let tree = Tree { base: format!("{prefix}/{{application_id}}"), id, has_application: true };
        all.push(tree.create(prefix));
        all.extend([tree.show(), tree.delete(), tree.make_available(), tree.events(), tree.start_messaging()]);
        all.extend([
            tree.report("/me/reportMyActivity", "report_my_activity"),
            tree.report("/reportMyActivity", "report_activity"),
        ]);
        all.extend(EMPTY.map(|(path, name)| tree.empty(path, name)));
        all.extend(tree.own());
    }
    all.extend(Tree { base: String::new(), id: "ucwa_own", has_application: false }.own());
    all
}

impl Tree {
    /// An operation with the parameters and errors of all.
    fn plain(&self, path: &str, method: &'static str, name: &str) -> Operation {
        let mut parameters = if self.has_application { vec![application_id()] } else { Vec::new() };
        parameters.push(person());
        let mut errors = vec![anonymous()];
        if self.has_application {
            errors.push(no_application());
        }
        errors.extend([not_found(), no_version()]);
        if method != "get" {
            errors.extend([unreadable(), foreign_type()]);
        }
        Operation {
            path: format!("{}{path}", self.base),
            method,
            id: format!("{}_{name}", self.id),
            summary: "",
            description: "",
            parameters,
            body: None,
            success: Vec::new(),
            errors,
            is_open: false,
            is_oauth: false,
        }
    }

    fn create(&self, prefix: &str) -> Operation {
        let example = applications::application(example_base(), &subscriber(true));
        let input =
            json!({ "culture": "en-US", "endpointId": "d9b02541-8b9c-4b1e-b4a2-7d0a33a7a7d4", "userAgent": "curl" });
        let headers = [("Location", "The URI of the application"), ETAG];
        let created = response("UcwaApplicationCreated", "UcwaApplication", &headers, &example);
        let plain = self.plain("", "post", "create_application");
        Operation {
            path: prefix.to_owned(),
            parameters: vec![person()],
            summary: "Create an application",
            description: "Creates an application (201), or returns the existing one of the same instanceId (200). A new \
                application replaces the previous one of the same endpoint.",
            body: Some(body("UcwaNewApplication", true, input)),
            success: vec![("201", created.clone()), ("200", created)],
            errors: vec![invalid(), unreadable(), foreign_type(), anonymous(), not_found(), no_version()],
            ..plain
        }
    }

    fn show(&self) -> Operation {
        let example = applications::application(example_base(), &subscriber(true));
        let mut call = self.plain("", "get", "get_application");
        call.parameters.push(if_none_match());
        Operation {
            summary: "Get an application",
            description: "Returns the application with the user identity and its capabilities.",
            success: vec![("200", response("UcwaApplication", "UcwaApplication", &[ETAG], &example))],
            ..call
        }
    }

    fn delete(&self) -> Operation {
        Operation {
            summary: "Delete an application",
            description: "Deletes the application and every resource below it.",
            success: vec![("204", no_content())],
            ..self.plain("", "delete", "delete_application")
        }
    }

    fn make_available(&self) -> Operation {
        let mut call = self.plain("/me/makeMeAvailable", "post", "make_me_available");
        call.errors.extend([available()]);
        Operation {
            summary: "Make the user identity available",
            description: "Possible once for each application, which then has no such link.",
            body: Some(body("UcwaMakeMeAvailable", false, json!({ "supportedModalities": ["Messaging"] }))),
            success: vec![("204", no_content())],
            ..call
        }
    }

    fn events(&self) -> Operation {
        let example = me::no_events(&example_base(), 1);
        let mut call = self.plain("/events", "get", "get_events");
        call.parameters.extend([
            query("ack", "The last part that the client has received", json!({ "type": "integer", "minimum": 0 })),
            query("timeout", "The maximum time to wait, in seconds", json!({ "type": "integer", "minimum": 0 })),
        ]);
        call.errors.push(invalid());
        Operation {
            summary: "Wait for events",
            description: "Waits, then returns an empty event channel: telephone numbers cause no events.",
            success: vec![("200", response("UcwaEvents", "UcwaEvents", &[], &example))],
            ..call
        }
    }

    fn start_messaging(&self) -> Operation {
        let mut call = self.plain("/communication/startMessaging", "post", "start_messaging");
        call.errors.insert(0, no_messaging());
        Operation { summary: "Start messaging", description: "Always fails; clients require its link.", ..call }
    }

    fn report(&self, path: &str, name: &str) -> Operation {
        Operation {
            summary: "Report activity",
            description: "Reports activity of the user identity. It is accepted and not stored.",
            success: vec![("204", no_content())],
            ..self.plain(path, "post", name)
        }
    }

    fn empty(&self, path: &str, name: &str) -> Operation {
        let example = Resource::new("people", format!("{}/people", example_base()));
        Operation {
            summary: "Get an empty resource",
            description: "Returns a resource that clients require and that is always empty.",
            success: vec![("200", response("UcwaResource", "UcwaResource", &[], &example))],
            ..self.plain(path, "get", name)
        }
    }

    /// The user identity and its telephone numbers.
    fn own(&self) -> Vec<Operation> {
        let me = me::me(&example_base(), &subscriber(true));
        let me = Operation {
            summary: "Get the user identity",
            description: "Returns the user identity of the token with its capabilities. Without voice it has no link to telephone numbers.",
            success: vec![("200", response("UcwaMe", "UcwaMe", &[], &me))],
            ..self.plain("/me", "get", "get_me")
        };
        vec![me, self.list(), self.add(), self.phone(), self.clear(), self.change_number(), self.change_visibility()]
    }

    fn list(&self) -> Operation {
        let example = phones::phones(&example_base(), &subscriber(true));
        self.of_phones(Operation {
            summary: "List telephone numbers",
            description: "Returns all four telephone numbers, in order. A managed one has no links to change it.",
            success: vec![("200", response("UcwaPhones", "UcwaPhones", &[], &example))],
            ..self.plain("/me/phones", "get", "list_phones")
        })
    }

    fn add(&self) -> Operation {
        let example = phones::phone(&example_base(), &slot_of(SlotType::Mobile));
        let input = json!({ "type": "mobile", "number": "(425) 555-0199", "includeInContactCard": true });
        let headers = [("Location", "The URI of the telephone number"), ETAG];
        let mut call = self.plain("/me/phones", "post", "create_phone");
        call.errors.extend([invalid(), no_number(), filled(), managed()]);
        self.of_phones(Operation {
            summary: "Create a telephone number",
            description: "Sets the number of an empty slot.",
            body: Some(body("UcwaNewPhone", true, input)),
            success: vec![("201", response("UcwaPhoneCreated", "UcwaPhone", &headers, &example))],
            ..call
        })
    }

    fn phone(&self) -> Operation {
        let example = phones::phone(&example_base(), &slot_of(SlotType::Mobile));
        let mut call = self.plain("/me/phones/{type}", "get", "get_phone");
        call.parameters.extend([slot(), if_none_match()]);
        self.of_phones(Operation {
            summary: "Get a telephone number",
            description: "Returns one of the four telephone numbers. The number of an empty slot is empty.",
            success: vec![("200", response("UcwaPhone", "UcwaPhone", &[ETAG], &example))],
            ..call
        })
    }

    fn clear(&self) -> Operation {
        let mut call = self.plain("/me/phones/{type}", "delete", "delete_phone");
        call.parameters.push(slot());
        call.errors.push(managed());
        self.of_phones(Operation {
            summary: "Delete a telephone number",
            description: "Clears the slot. Idempotent.",
            success: vec![("204", no_content())],
            ..call
        })
    }

    fn change_number(&self) -> Operation {
        let mut call = self.plain("/me/phones/{type}/changeNumber", "post", "change_number");
        call.parameters.push(slot());
        call.parameters.push(query("number", "As in the body, which takes precedence", number()));
        call.parameters.push(query(
            "includeInContactCard",
            "As in the body, which takes precedence",
            include_in_contact_card(),
        ));
        call.errors.extend([invalid(), no_number(), managed()]);
        let input = json!({ "number": "tel:+14255550199", "includeInContactCard": true });
        self.of_phones(Operation {
            summary: "Update a telephone number",
            description: "Sets the number and, if given, its visibility. Without a number the slot is cleared.",
            body: Some(body("UcwaChangeNumber", false, input)),
            success: vec![("204", no_content())],
            ..call
        })
    }

    fn change_visibility(&self) -> Operation {
        let mut call = self.plain("/me/phones/{type}/changeVisibility", "post", "change_visibility");
        call.parameters.push(slot());
        call.parameters.push(query(
            "includeInContactCard",
            "As in the body, which takes precedence",
            include_in_contact_card(),
        ));
        call.errors.extend([invalid(), managed()]);
        self.of_phones(Operation {
            summary: "Update the visibility of a telephone number",
            description: "Sets whether the number is on the contact card; false if absent.",
            body: Some(body("UcwaChangeVisibility", false, json!({ "includeInContactCard": true }))),
            success: vec![("204", no_content())],
            ..call
        })
    }

    fn of_phones(&self, mut call: Operation) -> Operation {
        call.errors.push(no_voice());
        call
    }
}

/// An operation outside the trees.
fn beside(path: &str, method: &'static str, id: &str) -> Operation {
    Operation {
        path: path.to_owned(),
        method,
        id: id.to_owned(),
        summary: "",
        description: "",
        parameters: Vec::new(),
        body: None,
        success: Vec::new(),
        errors: Vec::new(),
        is_open: true,
        is_oauth: false,
    }
}

/// The base URI of examples.
const HOST: &str = "https://phones.example.com";

fn root() -> Operation {
    let sip = json!({ "type": "string", "example": "sip:jane@example.com" });
    let example = autodiscover::links_of_root(HOST, "");
    Operation {
        parameters: vec![original_domain(), query("sipuri", "The sip address of the user; sent by older clients", sip)],
        summary: "Discover the service",
        description: "The entry point of clients: returns where to discover the user's resources. The path is \
            case-insensitive, and also served at `/` of a host whose name starts with lyncdiscover.",
        success: vec![("200", response("UcwaDiscovery", "UcwaDiscovery", &[], &example))],
        ..beside(ROOT, "get", "ucwa_discover")
    }
}

fn user(path: &str, id: &str) -> Operation {
    let example = autodiscover::links_of_user(HOST);
    Operation {
        parameters: vec![person(), original_domain()],
        summary: "Discover the applications of the user",
        description: "Returns where to create applications. Without a token it fails, and the error says where to get one.",
        success: vec![("200", response("UcwaUserDiscovery", "UcwaDiscovery", &[], &example))],
        errors: vec![anonymous(), not_found()],
        is_open: false,
        ..beside(&format!("{ROOT}{path}"), "get", id)
    }
}

fn original_domain() -> Value {
    query("originalDomain", "Repeated in the links", json!({ "type": "string", "example": "example.com" }))
}

fn token() -> Operation {
    let example = json!({ "grant_type": "password", "username": "jane@example.com", "password": "correct horse" });
    let form = json!({ "schema": reference("UcwaTokenRequest"), "example": example });
    let example: Value = json!({ "access_token": "cwt=seam_cst1example1_2b4d5e6f", "expires_in": 28800,
        "ms_rtc_identityscope": "local", "token_type": "Bearer" });
    Operation {
        summary: "Sign in",
        description: "Returns a token for the name and password of a user identity. It is a client session that is valid for eight hours.",
        body: Some(json!({ "required": true, "content": { "application/x-www-form-urlencoded": form } })),
        success: vec![("200", json_only("UcwaToken", "OK", "UcwaToken", example))],
        is_oauth: true,
        ..beside(TOKEN, "post", "ucwa_create_token")
    }
}
