//! The calls: where they are, what they take and give, and why they may be refused.

use super::super::address::{ROOT, TOKEN};
use super::super::resource::Resource;
use super::super::{applications, autodiscover, me, phones};
use super::examples::{APPLICATION, slot as slot_of, subscriber};
use super::inputs::*;
use super::refusals::*;
use super::responses::{empty, json_only, response, with_header};
use super::{Operation, schemas};
use crate::model::slot::SlotType;
use serde_json::{Value, json};

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
        let mut refusals = vec![anonymous()];
        if self.has_application {
            refusals.push(no_application());
        }
        refusals.extend([not_found(), no_version()]);
        if method != "get" {
            refusals.extend([unreadable(), foreign_type()]);
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
            refusals,
            is_open: false,
            is_oauth: false,
        }
    }

    /// Where examples have it.
    fn example(&self) -> String {
        self.base.replace("{application_id}", APPLICATION)
    }

    fn create(&self, prefix: &str) -> Operation {
        let example = applications::application(self.example(), &subscriber(true));
        let input =
            json!({ "culture": "en-US", "endpointId": "d9b02541-8b9c-4b1e-b4a2-7d0a33a7a7d4", "userAgent": "curl" });
        let begun = with_header(response("The application", "UcwaApplication", &example), "Location", "Where it is");
        let begun = with_header(begun, "ETag", "The etag, in quotes");
        let plain = self.plain("", "post", "create_application");
        Operation {
            path: prefix.to_owned(),
            parameters: vec![person()],
            summary: "Begin an application",
            description: "Begins an application of the person: 201; or 200 with the one that there is for the same instanceId. \
                At an endpoint that was at work before, a new application takes the place of the one before.",
            body: Some(body("UcwaNewApplication", true, input)),
            success: vec![("201", begun.clone()), ("200", begun)],
            refusals: vec![invalid(), unreadable(), foreign_type(), anonymous(), not_found(), no_version()],
            ..plain
        }
    }

    fn show(&self) -> Operation {
        let shown = response(
            "The application",
            "UcwaApplication",
            &applications::application(self.example(), &subscriber(true)),
        );
        let mut call = self.plain("", "get", "get_application");
        call.parameters.push(if_none_match());
        Operation {
            summary: "Show an application",
            description: "What the client said of itself, with the person and what they can do.",
            success: vec![("200", with_header(shown, "ETag", "The etag, in quotes"))],
            ..call
        }
    }

    fn delete(&self) -> Operation {
        Operation {
            summary: "End an application",
            description: "Ends it; every address under it is gone then.",
            success: vec![("204", empty("The application has ended"))],
            ..self.plain("", "delete", "delete_application")
        }
    }

    fn make_available(&self) -> Operation {
        let mut call = self.plain("/me/makeMeAvailable", "post", "make_me_available");
        call.refusals.extend([available()]);
        Operation {
            summary: "Make the person available",
            description: "Can be done once by an application; its link is gone then.",
            body: Some(body("UcwaMakeMeAvailable", false, json!({ "supportedModalities": ["Messaging"] }))),
            success: vec![("204", empty("The person is available"))],
            ..call
        }
    }

    fn events(&self) -> Operation {
        let example = me::no_events(&self.example(), 1);
        let mut call = self.plain("/events", "get", "get_events");
        call.parameters.extend([
            query("ack", "The last part that the client has", json!({ "type": "integer", "minimum": 0 })),
            query(
                "timeout",
                "How long to wait for something to happen, in seconds",
                json!({ "type": "integer", "minimum": 0 }),
            ),
        ]);
        call.refusals.push(invalid());
        Operation {
            summary: "Wait for events",
            description: "Waits for a while and tells that nothing happened: no events are sent of telephone numbers.",
            success: vec![("200", response("Nothing happened", "UcwaEvents", &example))],
            ..call
        }
    }

    fn start_messaging(&self) -> Operation {
        let mut call = self.plain("/communication/startMessaging", "post", "start_messaging");
        call.refusals.insert(0, no_messaging());
        Operation { summary: "Start messaging", description: "Is refused always; clients look for its link.", ..call }
    }

    fn report(&self, path: &str, name: &str) -> Operation {
        Operation {
            summary: "Report activity",
            description: "Tells that the person is at work. It is heard and not kept.",
            success: vec![("204", empty("It was heard"))],
            ..self.plain(path, "post", name)
        }
    }

    fn empty(&self, path: &str, rel: &'static str, name: &str) -> Operation {
        let example = Resource::new(rel, format!("{}{path}", self.example()));
        Operation {
            summary: "Show what clients look for",
            description: "A resource that clients go through on their way; there is nothing in it.",
            success: vec![("200", response("The resource", "UcwaResource", &example))],
            ..self.plain(path, "get", name)
        }
    }

    /// The person and their numbers.
    fn own(&self) -> Vec<Operation> {
        let me = me::me(&self.example(), &subscriber(self.has_application));
        let me = Operation {
            summary: "Show the person",
            description: "The person of the token, with what they can do: without voice there is no link to telephone numbers.",
            success: vec![("200", response("The person", "UcwaMe", &me))],
            ..self.plain("/me", "get", "get_me")
        };
        vec![me, self.list(), self.add(), self.phone(), self.clear(), self.change_number(), self.change_visibility()]
    }

    fn list(&self) -> Operation {
        let example = phones::phones(&self.example(), &subscriber(self.has_application));
        self.of_phones(Operation {
            summary: "List a person's numbers",
            description: "All four, in order. One that the workspace has given has no links by which it could be changed.",
            success: vec![("200", response("The four numbers", "UcwaPhones", &example))],
            ..self.plain("/me/phones", "get", "list_phones")
        })
    }

    fn add(&self) -> Operation {
        let example = phones::phone(&self.example(), &slot_of(SlotType::Mobile));
        let input = json!({ "type": "mobile", "number": "(425) 555-0199", "includeInContactCard": true });
        let made = response("The number as it is now", "UcwaPhone", &example);
        let mut call = self.plain("/me/phones", "post", "create_phone");
        call.refusals.extend([invalid(), no_number(), filled(), managed()]);
        self.of_phones(Operation {
            summary: "Fill an empty slot",
            description: "Puts a number where there is none.",
            body: Some(body("UcwaNewPhone", true, input)),
            success: vec![(
                "201",
                with_header(with_header(made, "Location", "Where the number is"), "ETag", "The etag, in quotes"),
            )],
            ..call
        })
    }

    fn phone(&self) -> Operation {
        let example = phones::phone(&self.example(), &slot_of(SlotType::Mobile));
        let shown = response("The number", "UcwaPhone", &example);
        let mut call = self.plain("/me/phones/{type}", "get", "get_phone");
        call.parameters.extend([slot(), if_none_match()]);
        self.of_phones(Operation {
            summary: "Show one of a person's numbers",
            description: "One of the four; the number is empty if there is none.",
            success: vec![("200", with_header(shown, "ETag", "The etag, in quotes"))],
            ..call
        })
    }

    fn clear(&self) -> Operation {
        let mut call = self.plain("/me/phones/{type}", "delete", "delete_phone");
        call.parameters.push(slot());
        call.refusals.push(managed());
        self.of_phones(Operation {
            summary: "Empty a slot",
            description: "Takes the number away. Twice is as once.",
            success: vec![("204", empty("The slot is empty"))],
            ..call
        })
    }

    fn change_number(&self) -> Operation {
        let mut call = self.plain("/me/phones/{type}/changeNumber", "post", "change_number");
        call.parameters.push(slot());
        call.parameters.push(query("number", "As in the body, which wins", number()));
        call.parameters.push(query("includeInContactCard", "As in the body, which wins", include_in_contact_card()));
        call.refusals.extend([invalid(), no_number(), managed()]);
        let input = json!({ "number": "tel:+14255550199", "includeInContactCard": true });
        self.of_phones(Operation {
            summary: "Change a number",
            description: "Puts the number, and with it its visibility if that is said. No number clears the slot.",
            body: Some(body("UcwaChangeNumber", false, input)),
            success: vec![("204", empty("The number is changed"))],
            ..call
        })
    }

    fn change_visibility(&self) -> Operation {
        let mut call = self.plain("/me/phones/{type}/changeVisibility", "post", "change_visibility");
        call.parameters.push(slot());
        call.parameters.push(query("includeInContactCard", "As in the body, which wins", include_in_contact_card()));
        call.refusals.extend([invalid(), managed()]);
        self.of_phones(Operation {
            summary: "Change who sees a number",
            description: "Shows the number on the contact card, or no longer. Nothing said hides it.",
            body: Some(body("UcwaChangeVisibility", false, json!({ "includeInContactCard": true }))),
            success: vec![("204", empty("The visibility is changed"))],
            ..call
        })
    }

    fn of_phones(&self, mut call: Operation) -> Operation {
        call.refusals.push(no_voice());
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
        success: Vec::new(),
        refusals: Vec::new(),
        is_open: true,
        is_oauth: false,
    }
}

/// A host that has the service.
const HOST: &str = "https://phones.example.com";

fn root() -> Operation {
    let sip = json!({ "type": "string", "example": "sip:jane@example.com" });
    let example = autodiscover::links_of_root(HOST, "");
    Operation {
        parameters: vec![original_domain(), query("sipuri", "Who is looking; older clients say it", sip)],
        summary: "Find the service",
        description: "Where clients begin: says where a person finds their own addresses. In any case of letters, and at `/` \
            of a host whose name begins with lyncdiscover.",
        success: vec![("200", response("Where to go on", "UcwaDiscovery", &example))],
        ..beside(ROOT, "get", "ucwa_discover")
    }
}

fn user(path: &str, id: &str) -> Operation {
    let example = autodiscover::links_of_user(HOST);
    Operation {
        parameters: vec![person(), original_domain()],
        summary: "Find one's applications",
        description: "Says where applications begin. Without a token it is refused, which is how clients learn where to get one.",
        success: vec![("200", response("Where to go on", "UcwaDiscovery", &example))],
        refusals: vec![anonymous(), not_found()],
        is_open: false,
        ..beside(&format!("{ROOT}{path}"), "get", id)
    }
}

fn original_domain() -> Value {
    query("originalDomain", "Comes back in the links", json!({ "type": "string", "example": "example.com" }))
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
        success: vec![("200", json_only("The token", "UcwaToken", example))],
        is_oauth: true,
        ..beside(TOKEN, "post", "ucwa_create_token")
    }
}
