"""Where a vendor's contract and a check of schemathesis cannot both be kept. Each exception is one rule, known by what the
server says; whatever else is refused, taken or let in wrongly fails.

OpenAPI 3.0 says of each field by itself what it may be. Refusals that depend on two fields, or on what exists, are rules
of the vendors that no schema of theirs tells."""

import copy
import re

import schemathesis
from schemathesis import checks
from schemathesis.core.failures import Failure

# Refusals of input that its schema allows.
REFUSALS = [
    # Seam: one of several fields names the thing.
    r"Must specify either \w+,? or \w+",
    r"Must specify either \w+ and \w+, or \w+ and \w+",
    r"Must specify at least one of ",
    r"Cannot specify both \w+ and \w+",
    # Seam: an interval has an end behind its start.
    r"second value must be greater than first value",
    r"ends_at must be after starts_at",
    # Seam: OpenAPI 3.0 has no words for the names of free keys.
    r'at most 40 character\(s\) for \\"custom_metadata',
    r"Custom metadata (key names cannot contain a period|is limited to a maximum of 50 keys)",
    # Seam: a list in a query has no empty texts, which its serializers refuse to write.
    r"mixes empty values with other values",
    # Seam: OpenAPI has no words for a time after now, and a person has a limited number of instant keys.
    r"It must be in the future, and within 365 days",
    r'"type":"too_many_instant_keys"',
    # Seam: a PIN is a number of a few digits, whose length the vendor leaves to the access system.
    r'Invalid for \\"code\\"',
    # Seam: a literal of zod, which the vendor's document has as a boolean.
    r"Invalid literal value, expected true",
    # Seam: the field exists, and has no meaning for a phone.
    r"A phone cannot be unmanaged",
    # Seam: the document of the vendor leaves event types open, the server does not.
    r"There are no event types called ",
    # Seam: a cursor is what the server has given.
    r'for \\"page_cursor\\"',
    # Seam: what is unique exists already, which is a bad request and no conflict.
    r'"type":"(client_session_token_already_exists|user_identity_already_exists)"',
    # Seam: an e-mail address as zod understands it, which is narrower than RFC 5321.
    r'Invalid email for \\"',
    # Seam: no text holds what Postgres cannot.
    r"String must not contain the character U\+0000",
    # Seam: a client session's token of the wrong form is a bad request.
    r'"type":"invalid_client_session_token"',
    # Diga: the same of its cursors, and a number must be one of the numbering plan.
    r"after and before exclude each other",
    r"The cursor names no entry of the list",
    r"value is not a valid phone number",
    # Diga: no text holds what Postgres cannot.
    r"null characters are not allowed",
    # UCWA: which of the four it is may be written in any case, and a number must be one.
    r"work, mobile, home or other is expected",
    r"It is no telephone number",
    r'"name":"number","reason":"A value is required"',
    r'"subcode":"NormalizationFailed"',
    r"A text without the character U\+0000 is expected",
    # Phone.com: a filter is a text of a grammar of its own, and its values are of the field's kind.
    r'"filters\.\w+":\["',
    # Phone.com: an address and a number must be one, and a group one of the extension's.
    r'"emails\.\d+\.email":\["',
    r'"phone_numbers\.\d+\.number":\["',
    r"The extension has no such contact group",
    r"Say the group's id, its name, or both",
    # Phone.com: no text holds what Postgres cannot.
    r"It must not contain the null character",
    # SCIM: filters and paths have a grammar of their own, and a cursor is what the server has given.
    r'"scimType":"(invalidFilter|invalidPath|noTarget|mutability|invalidCursor|invalidCount)"',
    # SCIM: operations are objects of rules that depend on each other, so the document leaves them open.
    r"Operations\.\d+\.(op|method|path|bulkId): ",
    r"Operations: a value is required",
    r'"detail":"value: an object is expected',
    # SCIM: an empty text is no value (RFC 7643, 2.5), and members are users of the workspace.
    r"(userName|displayName): a value is required",
    r"members: there is no user ",
    # SCIM: no text holds what Postgres cannot, and what is stored has a limit.
    r"the character U\+0000 is not allowed",
    r"the attributes are over the limit",
    # RFC 6749: which fields a grant needs depends on the grant.
    r'"error":"invalid_request"',
    # RFC 6749, 5.2: a password that is wrong is a bad request.
    r'"error":"invalid_grant"',
]


def is_blank_for_null(case):
    """Seam: `name=` in a query is null to a field that may be null."""
    properties = case.operation.query.schema.get("properties", {})
    blank = [name for name, value in (case.query or {}).items() if value == ""]
    return any("null" in str(properties.get(name, {})) for name in blank)


def is_unix_time(case):
    """Diga: a time may be told in seconds since 1970, as pydantic reads them."""
    times = [value for name, value in (case.query or {}).items() if name.endswith("_at")]
    return any(re.fullmatch(r"-?\d+(\.\d+)?", str(value)) for value in times)


def is_null_for_nothing(case):
    """Diga: null is no body, where none is needed, as FastAPI reads it."""
    return case.body is None and case.path == "/v1/phone/{phone_id}/assign"


def is_number_for_text(case):
    """UCWA: query, JSON and XML are one, so that a number is the text of it."""
    values = case.body.values() if isinstance(case.body, dict) else []
    return any(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def is_bare(case):
    """UCWA: a flag that a query names without a value is up, and a number without one is none."""
    return "" in (case.query or {}).values()


def is_overruled(case):
    """UCWA: the body's value counts before the query's of the same name."""
    return isinstance(case.body, dict) and any(name in case.body for name in case.query or {})


def is_null_in_a_choice(case):
    """Phone.com: null is as nothing also where one of some words is expected, which OpenAPI 3.0 cannot say of an enum
    without giving generated clients a word for it."""
    lists = case.body.values() if isinstance(case.body, dict) else []
    items = [item for items in lists if isinstance(items, list) for item in items]
    return any(isinstance(item, dict) and item.get("type", "") is None for item in items)


def is_of_another_grant(case):
    """Phone.com: a grant reads its own fields of a request for a token and no others."""
    return case.path == "/v4/oauth/access-token"


def is_read_as_directories_write(case):
    """SCIM: null is no value, one value stands for a list, booleans may be texts, and members that the server does not use, as
    the `schemas` of a message, are ignored."""
    return isinstance(case.body, dict)


# Input that its schema does not allow, and that is taken, by the dialect's paths.
TAKEN = {
    r"/v1/phone/": [is_unix_time, is_null_for_nothing],
    r"/me/|/ucwa/|/v1/applications": [is_number_for_text, is_bare, is_overruled],
    r"/scim/": [is_read_as_directories_write],
    r"/v4/": [is_null_in_a_choice, is_of_another_grant],
    r"": [is_blank_for_null],
}


@schemathesis.check
def good_input_is_taken(ctx, response, case):
    """`positive_data_acceptance`, but for the rules of the vendors. Each field of a query may have its maximum, and all
    together are longer than a URL may be. A precondition that does not hold is no fault of the input."""
    if response.status_code in (412, 414, 431):
        return True
    if response.status_code in (400, 422) and any(re.search(rule, response.text) for rule in REFUSALS):
        return True
    return checks.positive_data_acceptance(ctx, response, case)


@schemathesis.check
def status_is_documented(ctx, response, case):
    """`status_code_conformance`, but for a head that is too long for HTTP itself (RFC 6585). Not every status is one of
    `default`, as the check takes it."""
    if response.status_code == 431:
        return True
    responses = case.operation.definition.raw["responses"]
    known = {*responses, *statuses_of_default(case, responses)}
    if str(response.status_code) not in known:
        raise Failure(
            operation=case.operation.label,
            title="Undocumented status",
            message=f"{response.status_code} is not among {', '.join(sorted(known))}",
        )
    return checks.status_code_conformance(ctx, response, case)


def statuses_of_default(case, responses):
    """What the `default` response of an operation is for: the statuses that its first sentence names."""
    default = responses["default"]
    if "$ref" in default:
        name = default["$ref"].rsplit("/", 1)[-1]
        default = case.operation.schema.raw_schema["components"]["responses"][name]
    return re.findall(r"\b\d{3}\b", default["description"].split(". ")[0])


@schemathesis.check
def bad_input_is_refused(ctx, response, case):
    """`negative_data_rejection`, but for what the vendors take."""
    rules = next(rules for paths, rules in TAKEN.items() if re.match(paths, case.path))
    if any(rule(case) for rule in rules):
        return True
    return checks.negative_data_rejection(ctx, response, case)


@schemathesis.check
def nobody_unknown_is_let_in(ctx, response, case):
    """`ignored_auth`, but for a client session's token of the wrong form, which Seam calls a bad request."""
    try:
        return checks.ignored_auth(ctx, response, case)
    except Failure as failure:
        if "got `400 Bad Request`" in failure.message and "client-session-token" in str(case.operation.security):
            return True
        raise


@schemathesis.check
def what_was_deleted_is_gone(ctx, response, case):
    """`use_after_free`, but for UCWA's four numbers, which are always there: deleted is empty."""
    if re.search(r"/me/phones/\{type\}", case.path):
        return True
    return checks.use_after_free(ctx, response, case)


@schemathesis.hook
def before_load_schema(context, schema):
    """UCWA's XML says a field as `<property name="…">`, for which OpenAPI has no words; what reads it has properties of its
    own, beside the code. Operations are tried below each base path of their tag; they are described below the first."""
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    in_place = [operation["requestBody"] for operation in operations if "requestBody" in operation]
    for body in [*schema["components"]["requestBodies"].values(), *in_place]:
        body.get("content", {}).pop("application/xml", None)
    for tag in schema["tags"]:
        first, *others = tag.get("x-base-paths", [""])
        for other in others:
            schema["paths"] |= below(other, first, schema["paths"])


def below(other, first, paths):
    """The operations below one base path, with ids of their own, below another."""
    moved = {other + path.removeprefix(first): copy.deepcopy(paths[path]) for path in paths if path.startswith(first)}
    for path, operations in moved.items():
        for operation in operations.values():
            operation["operationId"] += path
    return moved
