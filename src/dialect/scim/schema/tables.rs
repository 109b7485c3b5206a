//! The attributes: of users and groups (RFC 7643, sections 4.1 and 4.2), of the enterprise extension (4.3), and of all resources
//! (3.1).

use super::{Attribute, Kind, ResourceType, Schema};

/// Users.
pub static USERS: ResourceType = ResourceType {
    name: "User",
    description: "A user identity of the workspace",
    endpoint: "/Users",
    schema: &USER,
    extensions: &[&ENTERPRISE],
};

/// Groups.
pub static GROUPS: ResourceType = ResourceType {
    name: "Group",
    description: "A label of user identities",
    endpoint: "/Groups",
    schema: &GROUP,
    extensions: &[],
};

/// Attributes of all resources. They stand in no schema.
pub const COMMON: &[Attribute] = &[
    Attribute::text("id", "The id of the resource").exact().read_only().always_returned().unique(),
    Attribute::text("externalId", "The id that the directory gives the resource").exact(),
    Attribute {
        is_multi_valued: true,
        ..Attribute::reference("schemas", "The schemas of the resource", &["uri"]).read_only().always_returned()
    },
    Attribute::complex(
        "meta",
        "Metadata of the resource",
        &[
            Attribute::text("resourceType", "The type of the resource").exact().read_only(),
            Attribute::new("created", Kind::DateTime, "When it was created").read_only(),
            Attribute::new("lastModified", Kind::DateTime, "When a directory changed it last").read_only(),
            Attribute::reference("location", "The URI of the resource", &["uri"]).read_only(),
            Attribute::text("version", "The entity tag of the resource").exact().read_only(),
        ],
    )
    .read_only(),
];

const DISPLAY: Attribute = Attribute::text("display", "A name of the value, for people");
const PRIMARY: Attribute = Attribute::new("primary", Kind::Boolean, "Whether it is the preferred value; one may be");

const fn type_of(canonical_values: &'static [&'static str]) -> Attribute {
    Attribute::text("type", "What the value is for").one_of(canonical_values)
}

/// The core schema of users.
pub static USER: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    description: "User Account",
    attributes: &[
        Attribute::text("userName", "The name by which the directory knows the user").required().unique(),
        Attribute::complex(
            "name",
            "The parts of the name",
            &[
                Attribute::text("formatted", "The whole name"),
                Attribute::text("familyName", "The family name"),
                Attribute::text("givenName", "The given name"),
                Attribute::text("middleName", "The middle names"),
                Attribute::text("honorificPrefix", "The title before the name"),
                Attribute::text("honorificSuffix", "What follows the name"),
            ],
        ),
        Attribute::text("displayName", "The full name of the user identity"),
        Attribute::text("nickName", "A casual name"),
        Attribute::reference("profileUrl", "A page about the user", &["external"]),
        Attribute::text("title", "The title, such as Vice President"),
        Attribute::text("userType", "The relation to the company, such as Contractor"),
        Attribute::text("preferredLanguage", "The preferred languages, as in Accept-Language"),
        Attribute::text("locale", "The locale, as a language tag"),
        Attribute::text("timezone", "The time zone, by its name in the IANA database"),
        Attribute::new(
            "active",
            Kind::Boolean,
            "Whether the person is let in. False deactivates all phones and ends credentials and sessions",
        ),
        Attribute::list(
            "emails",
            "E-mail addresses. The primary one, else the first, is that of the user identity, which no other one has",
            &[Attribute::text("value", "The address"), DISPLAY, type_of(&["work", "home", "other"]), PRIMARY],
        ),
        Attribute::list(
            "phoneNumbers",
            "Telephone numbers. Those of the types work, mobile, home and other are the slots of the user identity. A work \
             number that the workspace has assigned is read-only",
            &[
                Attribute::text("value", "The number"),
                DISPLAY,
                type_of(&["work", "home", "mobile", "fax", "pager", "other"]),
                PRIMARY,
            ],
        ),
        Attribute::list(
            "ims",
            "Instant messaging addresses",
            &[
                Attribute::text("value", "The address"),
                DISPLAY,
                type_of(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]),
                PRIMARY,
            ],
        ),
        Attribute::list(
            "photos",
            "Photos",
            &[
                Attribute::reference("value", "The URL of the photo", &["external"]),
                DISPLAY,
                type_of(&["photo", "thumbnail"]),
                PRIMARY,
            ],
        ),
        Attribute::list(
            "addresses",
            "Postal addresses",
            &[
                Attribute::text("formatted", "The whole address"),
                Attribute::text("streetAddress", "Street and house number"),
                Attribute::text("locality", "The city"),
                Attribute::text("region", "The state or region"),
                Attribute::text("postalCode", "The postal code"),
                Attribute::text("country", "The country"),
                type_of(&["work", "home", "other"]),
                PRIMARY,
            ],
        ),
        Attribute::list(
            "groups",
            "The groups of the user; they change by the groups' own members",
            &[
                Attribute::text("value", "The id of the group").exact().read_only(),
                Attribute::reference("$ref", "The URI of the group", &["Group"]).read_only(),
                Attribute::text("display", "The name of the group").read_only(),
                type_of(&["direct", "indirect"]).read_only(),
            ],
        )
        .read_only(),
        Attribute::list(
            "entitlements",
            "Entitlements",
            &[Attribute::text("value", "The entitlement"), DISPLAY, type_of(&[]), PRIMARY],
        ),
        Attribute::list("roles", "Roles", &[Attribute::text("value", "The role"), DISPLAY, type_of(&[]), PRIMARY]),
        Attribute::list(
            "x509Certificates",
            "Certificates",
            &[
                Attribute::new("value", Kind::Binary, "The certificate in DER, as base64").exact(),
                DISPLAY,
                type_of(&[]),
                PRIMARY,
            ],
        ),
    ],
};

/// The enterprise extension of users.
pub static ENTERPRISE: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    name: "EnterpriseUser",
    description: "Enterprise User",
    attributes: &[
        Attribute::text("employeeNumber", "The number of the employee"),
        Attribute::text("costCenter", "The cost center"),
        Attribute::text("organization", "The organization"),
        Attribute::text("division", "The division"),
        Attribute::text("department", "The department"),
        Attribute::complex(
            "manager",
            "The manager",
            &[
                Attribute::text("value", "The id of the manager").exact(),
                Attribute::reference("$ref", "The URI of the manager", &["User"]),
                Attribute::text("displayName", "The name of the manager").read_only(),
            ],
        ),
    ],
};

/// The core schema of groups.
pub static GROUP: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    description: "Group",
    attributes: &[
        Attribute::text("displayName", "The name of the group").required(),
        Attribute::list(
            "members",
            "The users of the group",
            &[
                Attribute::text("value", "The id of the user").exact().immutable(),
                Attribute::reference("$ref", "The URI of the user", &["User"]).immutable(),
                Attribute::text("type", "The type of the member").one_of(&["User"]).immutable(),
            ],
        ),
    ],
};
