//! The calls: where they are, what they take and give, and why they may be refused.

use super::examples::{self, APPLICATION, phone};
use super::inputs::*;
use super::responses::{TOKEN_FAULT, empty, json_only, response, with_header};
use super::{Operation, Refusal, schemas};
use serde_json::{Value, json};

const ANONYMOUS: Refusal = Refusal::sub(
    "403",
    "Forbidden",
    "AnonymousNotAllowed",
    "Nobody in particular is calling. Name a person in the header X-Ucwa-User",
);
const NO_VOICE: Refusal = Refusal::new("403", "Forbidden", "The person may not use voice");
const NO_APPLICATION: Refusal =
    Refusal::sub("404", "NotFound", "ApplicationNotFound", "There is no such application of this person");
const NOT_FOUND: Refusal = Refusal::new("404", "NotFound", "There is nothing here");
const NO_VERSION: Refusal =
    Refusal::sub("404", "NotFound", "APIVersionNotSupported", "There is no such version of this resource");
const UNREADABLE: Refusal =
    Refusal::sub("400", "BadRequest", "DeserializationFailure", "The body cannot be read as what it claims to be");
const INVALID: Refusal =
    Refusal::sub("400", "BadRequest", "ParameterValidationFailure", "An input is wrong; see parameters");
const NO_NUMBER: Refusal =
    Refusal::sub("400", "BadRequest", "NormalizationFailed", "That is no telephone number that could be dialled");
const MANAGED: Refusal =
    Refusal::new("409", "Conflict", "The workspace has given this number, and the person cannot change it");
const FILLED: Refusal = Refusal::sub("409", "Conflict", "AlreadyExists", "There is a number already; change it");
const AVAILABLE: Refusal =
    Refusal::sub("409", "Conflict", "AlreadyExists", "The person was made available by this application before");
const FOREIGN_TYPE: Refusal = Refusal::new("415", "UnsupportedMediaType", "Send application/json or application/xml");

/// What can be asked for and has nothing in it.
const EMPTY: [(&str, &str, &str); 8] = [
    ("/people", "people", "get_people"),
    ("/onlineMeetings", "onlineMeetings", "get_online_meetings"),
    ("/communication", "communication", "get_communication"),
    ("/policies", "policies", "get_policies"),
    ("/me/note", "note", "get_note"),
    ("/me/presence", "presence", "get_presence"),
    ("/me/location", "location", "get_location"),
    ("/me/callForwardingSettings", "callForwardingSettings", "get_call_forwarding_settings"),
];

/// Where the resources of a person are served.
struct Tree {
    /// In front of every path in it.
    base: String,
    /// In front of every operation's id.
    id: &'static str,
    has_application: bool,
}

/// All of them, in the order of the document.
pub fn all() -> Vec<Operation> {
    let mut all = vec![
        root(),
        user("/root/oauth/user", "ucwa_discover_user_by_token"),
        user("/root/user", "ucwa_discover_user"),
        token(),
    ];
    for (prefix, id) in [("/ucwa/oauth/v1/applications", "ucwa"), ("/v1/applications", "ucwa_v1")] {
        let tree = Tree { base: format!("{prefix}/{{application_id}}"), id, has_application: true };
        all.push(tree.create(prefix));
        all.extend([tree.show(), tree.delete(), tree.make_available(), tree.events(), tree.start_messaging()]);
        all.extend([
            tree.report("/me/reportMyActivity", "report_my_activity"),
            tree.report("/reportMyActivity", "report_activity"),
        ]);
        all.extend(EMPTY.map(|(path, rel, name)| tree.empty(path, rel, name)));
        all.extend(tree.own());
    }
    all.extend(Tree { base: String::new(), id: "ucwa_own", has_application: false }.own());
    all
}

impl Tree {
    /// A call with what all calls of a person have.
    fn plain(&self, path: &str, method: &'static str, name: &str) -> Operation {
        let mut parameters = if self.has_application { vec![application_id()] } else { Vec::new() };
        parameters.push(person());
        let mut refusals = vec![ANONYMOUS];
        if self.has_application {
            refusals.push(NO_APPLICATION);
        }
        refusals.extend([NOT_FOUND, NO_VERSION]);
        Operation {
            path: format!("{}{path}", self.base),
            method,
            id: format!("{}_{name}", self.id),
            summary: "",
            description: "",
            parameters,
            body: None,
            success: None,
            refusals,
            is_open: false,
        }
    }

    /// Where examples have it.
    fn example(&self) -> String {
        self.base.replace("{application_id}", APPLICATION)
    }

    fn create(&self, prefix: &str) -> Operation {
        let example = examples::application(&self.example());
        let input =
            json!({ "culture": "en-US", "endpointId": "d9b02541-8b9c-4b1e-b4a2-7d0a33a7a7d4", "userAgent": "curl" });
        let plain = self.plain("", "post", "create_application");
        Operation {
            path: prefix.to_owned(),
            parameters: vec![person()],
            summary: "Begin an application",
            description: "Begins an application of the person: 201; or 200 with the one that there is for the same instanceId. \
                At an endpoint that was at work before, a new application takes the place of the one before.",
            body: Some(body("UcwaNewApplication", true, input)),
            success: Some(("201", response("The application", "UcwaApplication", &example))),
            refusals: vec![INVALID, UNREADABLE, ANONYMOUS, NOT_FOUND, NO_VERSION, FOREIGN_TYPE],
            ..plain
        }
    }

    fn show(&self) -> Operation {
        let shown = response("The application", "UcwaApplication", &examples::application(&self.example()));
        let mut call = self.plain("", "get", "get_application");
        call.parameters.push(if_none_match());
        Operation {
            summary: "Show an application",
            description: "What the client said of itself, with the person and what they can do.",
            success: Some(("200", with_header(shown, "ETag", "The etag, in quotes"))),
            ..call
        }
    }

    fn delete(&self) -> Operation {
        Operation {
            summary: "End an application",
            description: "Ends it; every address under it is gone then.",
            success: Some(("204", empty("The application has ended"))),
            ..self.plain("", "delete", "delete_application")
        }
    }

    fn make_available(&self) -> Operation {
        let mut call = self.plain("/me/makeMeAvailable", "post", "make_me_available");
        call.refusals.extend([UNREADABLE, AVAILABLE, FOREIGN_TYPE]);
        Operation {
            summary: "Make the person available",
            description: "Can be done once by an application; its link is gone then.",
            body: Some(body("UcwaMakeMeAvailable", false, json!({ "supportedModalities": ["Messaging"] }))),
            success: Some(("204", empty("The person is available"))),
            ..call
        }
    }

    fn events(&self) -> Operation {
        let base = self.example();
        let next = json!({ "href": format!("{base}/events?ack=2") });
        let itself = json!({ "href": format!("{base}/events?ack=1") });
        let example = json!({ "_links": { "self": itself, "next": next }, "sender": [] });
        let mut call = self.plain("/events", "get", "get_events");
        call.parameters.extend([
            query("ack", "The last part that the client has", json!({ "type": "integer", "minimum": 0 })),
            query(
                "timeout",
                "How long to wait for something to happen, in seconds",
                json!({ "type": "integer", "minimum": 0 }),
            ),
        ]);
        Operation {
            summary: "Wait for events",
            description: "Waits for a while and tells that nothing happened: no events are sent of telephone numbers.",
            success: Some(("200", response("Nothing happened", "UcwaEvents", &example))),
            ..call
        }
    }

    fn start_messaging(&self) -> Operation {
        let mut call = self.plain("/communication/startMessaging", "post", "start_messaging");
        call.refusals.insert(0, Refusal::new("403", "Forbidden", "There is no messaging here"));
        Operation { summary: "Start messaging", description: "Is refused always; clients look for its link.", ..call }
    }

    fn report(&self, path: &str, name: &str) -> Operation {
        Operation {
            summary: "Report activity",
            description: "Tells that the person is at work. It is heard and not kept.",
            success: Some(("204", empty("It was heard"))),
            ..self.plain(path, "post", name)
        }
    }

    fn empty(&self, path: &str, rel: &str, name: &str) -> Operation {
        let example = examples::empty(rel, &format!("{}{path}", self.example()));
        Operation {
            summary: "Show what clients look for",
            description: "A resource that clients go through on their way; there is nothing in it.",
            success: Some(("200", response("The resource", "UcwaResource", &example))),
            ..self.plain(path, "get", name)
        }
    }

    /// The person and their numbers.
    fn own(&self) -> Vec<Operation> {
        let me = examples::me(&self.example());
        let me = Operation {
            summary: "Show the person",
            description: "The person of the token, with what they can do: without voice there is no link to telephone numbers.",
            success: Some(("200", response("The person", "UcwaMe", &me))),
            ..self.plain("/me", "get", "get_me")
        };
        vec![me, self.list(), self.add(), self.phone(), self.clear(), self.change_number(), self.change_visibility()]
    }

    fn list(&self) -> Operation {
        let example = examples::phones(&format!("{}/me", self.example()));
        self.of_phones(Operation {
            summary: "List a person's numbers",
            description: "All four, in order. One that the workspace has given has no links by which it could be changed.",
            success: Some(("200", response("The four numbers", "UcwaPhones", &example))),
            ..self.plain("/me/phones", "get", "list_phones")
        })
    }

    fn add(&self) -> Operation {
        let example = phone(&format!("{}/me", self.example()), "home", "tel:+14255550199", true, "2");
        let input = json!({ "type": "home", "number": "(425) 555-0199", "includeInContactCard": true });
        let made = response("The number as it is now", "UcwaPhone", &example);
        let mut call = self.plain("/me/phones", "post", "create_phone");
        call.refusals.extend([INVALID, UNREADABLE, NO_NUMBER, FILLED, MANAGED, FOREIGN_TYPE]);
        self.of_phones(Operation {
            summary: "Fill an empty slot",
            description: "Puts a number where there is none.",
            body: Some(body("UcwaNewPhone", true, input)),
            success: Some(("201", with_header(made, "Location", "Where the number is"))),
            ..call
        })
    }

    fn phone(&self) -> Operation {
        let example = phone(&format!("{}/me", self.example()), "mobile", "tel:+14255550199", true, "2");
        let shown = response("The number", "UcwaPhone", &example);
        let mut call = self.plain("/me/phones/{type}", "get", "get_phone");
        call.parameters.extend([slot(), if_none_match()]);
        self.of_phones(Operation {
            summary: "Show one of a person's numbers",
            description: "One of the four; the number is empty if there is none.",
            success: Some(("200", with_header(shown, "ETag", "The etag, in quotes"))),
            ..call
        })
    }

    fn clear(&self) -> Operation {
        let mut call = self.plain("/me/phones/{type}", "delete", "delete_phone");
        call.parameters.push(slot());
        call.refusals.push(MANAGED);
        self.of_phones(Operation {
            summary: "Empty a slot",
            description: "Takes the number away. Twice is as once.",
            success: Some(("204", empty("The slot is empty"))),
            ..call
        })
    }

    fn change_number(&self) -> Operation {
        let mut call = self.plain("/me/phones/{type}/changeNumber", "post", "change_number");
        call.parameters.push(slot());
        call.parameters.push(query("number", "As in the body, which wins", number()));
        call.parameters.push(query("includeInContactCard", "As in the body, which wins", include_in_contact_card()));
        call.refusals.extend([INVALID, UNREADABLE, NO_NUMBER, MANAGED, FOREIGN_TYPE]);
        let input = json!({ "number": "tel:+14255550199", "includeInContactCard": true });
        self.of_phones(Operation {
            summary: "Change a number",
            description: "Puts the number, and with it its visibility if that is said. No number clears the slot.",
            body: Some(body("UcwaChangeNumber", false, input)),
            success: Some(("204", empty("The number is changed"))),
            ..call
        })
    }

    fn change_visibility(&self) -> Operation {
        let mut call = self.plain("/me/phones/{type}/changeVisibility", "post", "change_visibility");
        call.parameters.push(slot());
        call.parameters.push(query("includeInContactCard", "As in the body, which wins", include_in_contact_card()));
        call.refusals.extend([INVALID, UNREADABLE, MANAGED, FOREIGN_TYPE]);
        self.of_phones(Operation {
            summary: "Change who sees a number",
            description: "Shows the number on the contact card, or no longer. Nothing said hides it.",
            body: Some(body("UcwaChangeVisibility", false, json!({ "includeInContactCard": true }))),
            success: Some(("204", empty("The visibility is changed"))),
            ..call
        })
    }

    fn of_phones(&self, mut call: Operation) -> Operation {
        call.refusals.push(NO_VOICE);
        call
    }
}

/// A call that stands beside the trees.
fn beside(path: &str, method: &'static str, id: &str) -> Operation {
    Operation {
        path: path.to_owned(),
        method,
        id: id.to_owned(),
        summary: "",
        description: "",
        parameters: Vec::new(),
        body: None,
        success: None,
        refusals: Vec::new(),
        is_open: true,
    }
}

const DISCOVERY: &str = "/autodiscover/autodiscoverservice.svc";

fn root() -> Operation {
    let at = |path: &str| json!({ "href": format!("https://phones.example.com{DISCOVERY}{path}") });
    let example =
        json!({ "_links": { "self": at("/root"), "user": at("/root/oauth/user"), "xframe": at("/root/xframe") } });
    Operation {
        parameters: vec![
            query("originalDomain", "Comes back in the links", json!({ "type": "string", "example": "example.com" })),
            query(
                "sipuri",
                "Who is looking; older clients say it",
                json!({ "type": "string", "example": "sip:jane@example.com" }),
            ),
        ],
        summary: "Find the service",
        description: "Where clients begin: says where a person finds their own addresses. In any case of letters, and at `/` of a \
            host whose name begins with lyncdiscover.",
        success: Some(("200", json_only("Where to go on", "UcwaDiscovery", example))),
        ..beside(&format!("{DISCOVERY}/root"), "get", "ucwa_discover")
    }
}

fn user(path: &str, id: &str) -> Operation {
    let at = |path: &str| json!({ "href": format!("https://phones.example.com{path}") });
    let links = json!({
        "self": at(&format!("{DISCOVERY}/root/user")),
        "applications": at("/ucwa/oauth/v1/applications"),
        "xframe": at(&format!("{DISCOVERY}/root/xframe")),
    });
    Operation {
        parameters: vec![query(
            "originalDomain",
            "Comes back in the links",
            json!({ "type": "string", "example": "example.com" }),
        )],
        summary: "Find one's applications",
        description: "Says where applications begin. Without a token it is refused, which is how clients learn where to get one.",
        success: Some(("200", json_only("Where to go on", "UcwaDiscovery", json!({ "_links": links })))),
        is_open: false,
        ..beside(&format!("{DISCOVERY}{path}"), "get", id)
    }
}

fn token() -> Operation {
    let example = json!({ "grant_type": "password", "username": "jane@example.com", "password": "correct horse" });
    let form = json!({ "schema": schemas::reference("UcwaTokenRequest"), "example": example });
    let example: Value = json!({ "access_token": "cwt=seam_cst1example1_2b4d5e6f", "expires_in": 28800,
        "ms_rtc_identityscope": "local", "token_type": "Bearer" });
    Operation {
        summary: "Sign in",
        description: "Gives a token for a person's name and password. It lives eight hours and is a client session of theirs.",
        body: Some(json!({ "required": true, "content": { "application/x-www-form-urlencoded": form } })),
        success: Some(("200", json_only("The token", "UcwaToken", example))),
        refusals: vec![
            Refusal::new("400", TOKEN_FAULT, "The user name or the password is wrong"),
            Refusal::new("400", "invalid_request", ""),
            Refusal::new("400", "unsupported_grant_type", ""),
        ],
        ..beside("/webticket/oauthtoken", "post", "ucwa_create_token")
    }
}
