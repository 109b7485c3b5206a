"""Client sessions, webhooks, paging, workspaces and errors."""

import base64
import hashlib
import hmac
import json
import time

import seam as sdk
from world import (
    ACCESS_TOKEN, ACS_SYSTEM_ID, ENDPOINT, OTHER_API_KEY, PRODUCTION_API_KEY, UNKNOWN_ID, WORKSPACE_ID, api_error, contains, equal,
    ids, invalid_input, is_uuid, messages, moment, plain, unauthorized, unique,
)


def client_sessions(step, seam):
    begun = moment(seconds=-1)
    person = seam.user_identities.create(full_name="Ann")
    key = unique("app-user")

    with step("creates a session for a person"):
        session = seam.client_sessions.create(user_identifier_key=key, user_identity_id=person.user_identity_id)
        assert session.token.startswith("seam_cst")
        equal((session.workspace_id, session.user_identifier_key), (WORKSPACE_ID, key))
        equal(plain(session.user_identity_ids), [person.user_identity_id])
    client_session_id = session.client_session_id

    with step("finds the session by its key"):
        if sdk_sends_put():
            equal(seam.client_sessions.create(user_identifier_key=key).client_session_id, client_session_id)
        else:
            with api_error(400, "client_session_token_already_exists"):
                seam.client_sessions.create(user_identifier_key=key)
        equal(seam.client_sessions.get_or_create(user_identifier_key=key).client_session_id, client_session_id)
        other = seam.client_sessions.get_or_create(user_identifier_key=unique("app-user"))
        assert other.client_session_id != client_session_id

    with step("gets and lists sessions"):
        equal(seam.client_sessions.get(client_session_id=client_session_id).user_identifier_key, key)
        equal(seam.client_sessions.get(user_identifier_key=key).client_session_id, client_session_id)
        owned = seam.client_sessions.list(user_identity_id=person.user_identity_id)
        equal(ids(owned, "client_session_id"), [client_session_id])
        equal(ids(seam.client_sessions.list(user_identifier_key=key), "client_session_id"), [client_session_id])

    with step("grants a session access to a person"):
        seam.client_sessions.grant_access(client_session_id=other.client_session_id, user_identity_id=person.user_identity_id)
        owned = seam.client_sessions.list(user_identity_id=person.user_identity_id)
        equal(sorted(ids(owned, "client_session_id")), sorted([client_session_id, other.client_session_id]))

    with step("does not take a session's token for an API key"):
        try:
            sdk.Seam(api_key=session.token, endpoint=ENDPOINT)
        except sdk.SeamInvalidTokenError:
            pass
        else:
            raise AssertionError("the SDK took a client session token for an API key")

    with step("revokes and deletes sessions, and tells of the deletion"):
        seam.client_sessions.revoke(client_session_id=other.client_session_id)
        seam.client_sessions.delete(client_session_id=client_session_id)
        with api_error(404, "client_session_not_found"):
            seam.client_sessions.get(client_session_id=client_session_id)
        told = seam.events.list(since=begun, event_type="client_session.deleted")
        equal([e.client_session_id for e in told].count(client_session_id), 1)


def sdk_sends_put():
    """From 3.0 on the SDK uses the method that says what a call does; before, everything is a POST."""
    return hasattr(sdk, "NULL")


def webhooks(step, seam):
    url = f"https://example.com/{unique('hook')}"

    with step("creates a webhook for one kind of event"):
        webhook = seam.webhooks.create(url=url, event_types=["phone.deactivated"])
        equal((webhook.url, plain(webhook.event_types)), (url, ["phone.deactivated"]))
    webhook_id = webhook.webhook_id

    with step("gives a secret that verifies a signed delivery"):
        payload = json.dumps({"event_id": UNKNOWN_ID, "event_type": "phone.deactivated"})
        stamp = str(int(time.time()))
        secret = base64.b64decode(webhook.secret.removeprefix("whsec_"), validate=True)
        digest = hmac.new(secret, f"msg_1.{stamp}.{payload}".encode(), hashlib.sha256).digest()
        signature = f"v1,{base64.b64encode(digest).decode()}"
        headers = {"svix-id": "msg_1", "svix-timestamp": stamp, "svix-signature": signature}
        event = sdk.SeamWebhook(webhook.secret).verify(payload, headers)
        equal(event.event_type, "phone.deactivated")

    with step("gets, lists and updates the webhook"):
        equal(seam.webhooks.get(webhook_id=webhook_id).url, url)
        contains(ids(seam.webhooks.list(), "webhook_id"), webhook_id)
        seam.webhooks.update(webhook_id=webhook_id, event_types=["*"])
        equal(plain(seam.webhooks.get(webhook_id=webhook_id).event_types), ["*"])

    with step("refuses events that do not exist"):
        with api_error(400, "invalid_event_types"):
            seam.webhooks.create(url=url, event_types=["phone.exploded"])

    with step("deletes the webhook"):
        seam.webhooks.delete(webhook_id=webhook_id)
        with api_error(404, "webhook_not_found"):
            seam.webhooks.get(webhook_id=webhook_id)


def paging(step, seam):
    with step("makes enough of everything to need pages"):
        for _ in range(5):
            user_identity_id = seam.user_identities.create(user_identity_key=unique("paged")).user_identity_id
            seam.phones.simulate.create_sandbox_phone(user_identity_id=user_identity_id)
            seam.acs.credentials.create(
                user_identity_id=user_identity_id, credential_manager_acs_system_id=ACS_SYSTEM_ID, access_method="mobile_key"
            )

    routes = {
        "people": (seam.user_identities.list, "user_identity_id"),
        "devices": (seam.devices.list, "device_id"),
        "credentials": (seam.acs.credentials.list, "acs_credential_id"),
    }
    for noun, (fetch, key) in routes.items():
        with step(f"pages through {noun} without loss or repetition"):
            whole = ids(fetch(), key)
            assert len(whole) >= 5
            equal(ids(seam.create_paginator(fetch, {"limit": 2}).flatten_to_list(), key), whole)

    with step("walks pages by hand"):
        paginator = seam.create_paginator(seam.user_identities.list, {"limit": 2})
        first, pagination = paginator.first_page()
        assert pagination.has_next_page
        contains(pagination.next_page_url, "page_cursor=")
        second, _ = paginator.next_page(pagination.next_page_cursor)
        equal(len(set(ids([*first, *second], "user_identity_id"))), 4)

    with step("refuses a cursor of another question"):
        with api_error(400, "mismatched_page_parameters"):
            seam.user_identities.list(limit=3, page_cursor=pagination.next_page_cursor)


def errors(step, seam):
    with step("refuses credentials it does not know"):
        strangers = [
            sdk.Seam(api_key="seam_test1234_aaaaaaaaaaaaaaaaaaaaaaaa", endpoint=ENDPOINT),
            sdk.Seam(
                personal_access_token="seam_at1stranger_aaaaaaaaaaaaaaaaaaaaaaaa", workspace_id=WORKSPACE_ID, endpoint=ENDPOINT
            ),
            sdk.Seam(personal_access_token=ACCESS_TOKEN, workspace_id=UNKNOWN_ID, endpoint=ENDPOINT),
        ]
        for stranger in strangers:
            with unauthorized():
                stranger.phones.list()

    with step("says which parameter is wrong and how"):
        with invalid_input() as caught:
            seam.phones.get(device_id="nope")
        contains((["Invalid uuid"], None), messages(caught[0], "device_id"))
        equal(str(caught[0]), 'Invalid uuid for "device_id"')
        with invalid_input():
            seam.phones.simulate.create_sandbox_phone(user_identity_id=UNKNOWN_ID, phone_metadata={"operating_system": "win"})
        with invalid_input():
            seam.events.list(event_type="phone.deactivated")

    with step("names what it did not find"):
        missing = {
            "device_not_found": [
                lambda: seam.phones.get(device_id=UNKNOWN_ID),
                lambda: seam.phones.deactivate(device_id=UNKNOWN_ID),
                lambda: seam.devices.update(device_id=UNKNOWN_ID, name="x"),
            ],
            "user_identity_not_found": [
                lambda: seam.user_identities.get(user_identity_id=UNKNOWN_ID),
                lambda: seam.phones.simulate.create_sandbox_phone(user_identity_id=UNKNOWN_ID),
            ],
            "event_not_found": [lambda: seam.events.get(event_id=UNKNOWN_ID)],
            "webhook_not_found": [lambda: seam.webhooks.delete(webhook_id=UNKNOWN_ID)],
            "client_session_not_found": [lambda: seam.client_sessions.get(client_session_id=UNKNOWN_ID)],
            "acs_credential_not_found": [lambda: seam.acs.credentials.get(acs_credential_id=UNKNOWN_ID)],
            "action_attempt_not_found": [lambda: seam.action_attempts.get(action_attempt_id=UNKNOWN_ID)],
        }
        for code, calls in missing.items():
            for call in calls:
                with api_error(404, code):
                    call()

    with step("takes another workspace's phone for one that never was"):
        person = seam.user_identities.create(full_name="Neighbour")
        phone = seam.phones.simulate.create_sandbox_phone(user_identity_id=person.user_identity_id)
        other = sdk.Seam(api_key=OTHER_API_KEY, endpoint=ENDPOINT)
        for call in (other.phones.get, other.phones.deactivate):
            with api_error(404, "device_not_found"):
                call(device_id=phone.device_id)
        equal(list(other.phones.list(owner_user_identity_id=person.user_identity_id)), [])
        equal(seam.phones.get(device_id=phone.device_id).device_id, phone.device_id)


def workspaces(step, seam):
    with step("gets and lists the workspace of the key"):
        mine = seam.workspaces.get()
        equal((mine.workspace_id, mine.is_sandbox, mine.is_suspended), (WORKSPACE_ID, True, False))
        equal(ids(seam.workspaces.list(), "workspace_id"), [WORKSPACE_ID])

    with step("creates and lists workspaces with a personal access token alone"):
        name = unique("branch")
        owner = sdk.SeamWithoutWorkspace(personal_access_token=ACCESS_TOKEN, endpoint=ENDPOINT)
        made = owner.workspaces.create(name=name, is_sandbox=True, connect_partner_name="Branch")
        equal((made.name, made.is_sandbox), (name, True))
        known = ids(owner.workspaces.list(), "workspace_id")
        contains(known, made.workspace_id)
        contains(known, WORKSPACE_ID)
        inside = sdk.Seam(personal_access_token=ACCESS_TOKEN, workspace_id=made.workspace_id, endpoint=ENDPOINT)
        equal(inside.workspaces.get().name, name)

    with step("does not let an API key create a workspace"):
        with unauthorized():
            seam.workspaces.create(name=unique("denied"))

    with step("resets a sandbox and waits for it"):
        person = seam.user_identities.create(full_name="Temporary")
        seam.phones.simulate.create_sandbox_phone(user_identity_id=person.user_identity_id)
        attempt = seam.workspaces.reset_sandbox()
        equal((attempt.action_type, attempt.status), ("RESET_SANDBOX_WORKSPACE", "success"))
        assert is_uuid(attempt.action_attempt_id)
        equal(seam.action_attempts.get(action_attempt_id=attempt.action_attempt_id).status, "success")
        equal(list(seam.phones.list()), [])
        equal(seam.workspaces.get().workspace_id, WORKSPACE_ID)

    with step("keeps sandbox matters out of production"):
        production = sdk.Seam(api_key=PRODUCTION_API_KEY, endpoint=ENDPOINT)
        with api_error(400, "workspace_not_sandbox"):
            production.workspaces.reset_sandbox()
