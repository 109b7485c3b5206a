"""A client of the Phone.com dialect that a generator made from the committed openapi.json, and nobody has touched since."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

from handset_client import AuthenticatedClient, Client
from handset_client.api.phone_com import (
    phone_com_create_contact,
    phone_com_create_contact_group,
    phone_com_delete_contact,
    phone_com_delete_contact_group,
    phone_com_get_account,
    phone_com_get_contact,
    phone_com_get_contact_group,
    phone_com_get_extension,
    phone_com_list_accounts,
    phone_com_list_contact_groups,
    phone_com_list_contacts,
    phone_com_list_extensions,
    phone_com_ping,
    phone_com_replace_contact,
    phone_com_replace_contact_group,
    phone_com_update_contact,
)
from handset_client.models import (
    PhoneComContact,
    PhoneComContactInput,
    PhoneComError,
    PhoneComGroup,
    PhoneComGroupInput,
    PhoneComListContactsFields,
    PhoneComListContactsSortid,
)
from steps import Suite

ENDPOINT = os.environ["CLIENTS_ENDPOINT"]
UNKNOWN = 4_000_000


def equal(actual, expected):
    assert actual == expected, f"expected {expected!r}, got {actual!r}"


def answered(answer, kind, status=200):
    equal(answer.status_code, status)
    assert isinstance(answer.parsed, kind), answer
    equal(answer.parsed.additional_properties, {})
    return answer.parsed


def refused(answer, status):
    equal(answer.status_code, status)
    assert isinstance(answer.parsed, PhoneComError), answer
    error = answer.parsed.error
    equal(error.http_status_code, status)
    return error


def found(client):
    """The numbers with which every path begins, found as a client finds them."""
    account = phone_com_list_accounts.sync(client=client).items[0].id
    extension = phone_com_list_extensions.sync(account, client=client).items[0].id
    return account, extension


def ways_in(step, client):
    with step("is told of signs of life without a token"):
        equal(phone_com_ping.sync(client=Client(base_url=ENDPOINT)).ping, "pong")

    with step("finds its account and its extension"):
        account, extension = found(client)
        equal(phone_com_get_account.sync(account, client=client).id, account)
        equal(phone_com_get_extension.sync(account, extension, client=client).name, "jane")

    with step("lets in nobody without a key"):
        stranger = AuthenticatedClient(base_url=ENDPOINT, token="unknown")
        answer = phone_com_list_accounts.sync_detailed(client=stranger)
        equal(answer.status_code, 401)
        equal(answer.parsed.additional_properties, {"error": "invalid_token"})


def life_of_a_contact(step, client):
    place = found(client)

    with step("makes a group"):
        body = PhoneComGroupInput(name="Family")
        answer = phone_com_create_contact_group.sync_detailed(*place, client=client, body=body)
        group = answered(answer, PhoneComGroup, 201)

    with step("keeps a contact"):
        body = PhoneComContactInput.from_dict(
            {
                "first_name": "Jane",
                "last_name": "Doe",
                "emails": [{"type": "primary", "email": "jane@example.com"}],
                "phone_numbers": [{"type": "mobile", "number": "(999) 999-9999"}],
                "addresses": [{"type": "home", "city": "Springfield"}],
                "group": {"name": "family"},
            }
        )
        answer = phone_com_create_contact.sync_detailed(*place, client=client, body=body)
        made = answered(answer, PhoneComContact, 201)
        assert answer.headers["location"].endswith(f"/contacts/{made.id}"), answer.headers
        equal((made.first_name, made.company, made.group), ("Jane", "", group))
        equal((made.phone_numbers[0].number, made.phone_numbers[0].normalized), ("(999) 999-9999", "+19999999999"))
        equal(made.created_at, made.updated_at)

    with step("gets it"):
        equal(answered(phone_com_get_contact.sync_detailed(*place, made.id, client=client), PhoneComContact), made)

    with step("changes it in part"):
        body = PhoneComContactInput(nickname="Janie", group=None)
        answer = phone_com_update_contact.sync_detailed(*place, made.id, client=client, body=body)
        changed = answered(answer, PhoneComContact)
        equal((changed.nickname, changed.first_name, changed.group), ("Janie", "Jane", None))

    with step("replaces it"):
        body = PhoneComContactInput(first_name="Janet", group=group.id)
        answer = phone_com_replace_contact.sync_detailed(*place, made.id, client=client, body=body)
        replaced = answered(answer, PhoneComContact)
        equal((replaced.first_name, replaced.last_name, replaced.emails), ("Janet", "", []))
        equal((replaced.id, replaced.group), (made.id, group))

    with step("renames the group and deletes it, and the contact is without one"):
        body = PhoneComGroupInput(name="Kin")
        answer = phone_com_replace_contact_group.sync_detailed(*place, group.id, client=client, body=body)
        equal(answered(answer, PhoneComGroup).name, "Kin")
        equal([one.name for one in phone_com_list_contact_groups.sync(*place, client=client).items], ["Kin"])
        equal(phone_com_delete_contact_group.sync(*place, group.id, client=client).success, True)
        refused(phone_com_get_contact_group.sync_detailed(*place, group.id, client=client), 404)
        equal(phone_com_get_contact.sync(*place, made.id, client=client).group, None)

    with step("deletes it"):
        equal(phone_com_delete_contact.sync(*place, made.id, client=client).success, True)
        refused(phone_com_get_contact.sync_detailed(*place, made.id, client=client), 404)
        refused(phone_com_delete_contact.sync_detailed(*place, made.id, client=client), 404)


def lists(step, client):
    place = found(client)
    ids = []
    for name in ("Ann", "Bob", "Cleo"):
        body = PhoneComContactInput(first_name=name)
        ids.append(phone_com_create_contact.sync(*place, client=client, body=body).id)

    with step("lists by pages"):
        collected = []
        while True:
            page = phone_com_list_contacts.sync(*place, client=client, limit=2, offset=len(collected))
            collected += [one.first_name for one in page.items]
            if page.total <= len(collected):
                break
        equal(collected, ["Ann", "Bob", "Cleo"])

    with step("lists by conditions, all of which hold"):
        page = phone_com_list_contacts.sync(*place, client=client, filtersid=[f"gt:{ids[0]}", f"lt:{ids[2]}"])
        equal([one.first_name for one in page.items], ["Bob"])
        equal(page.filters.to_dict(), {"id": [f"gt:{ids[0]}", f"lt:{ids[2]}"]})
        page = phone_com_list_contacts.sync(*place, client=client, filtersname=["starts-with:c"])
        equal([one.id for one in page.items], [ids[2]])

    with step("lists downwards and in brief"):
        brief = PhoneComListContactsFields.BRIEF
        down = PhoneComListContactsSortid.DESC
        page = phone_com_list_contacts.sync(*place, client=client, sortid=down, fields=brief)
        equal([one.id for one in page.items], ids[::-1])
        assert "emails" not in page.items[0].to_dict(), page.items[0]


def refusals(step, client):
    place = found(client)

    with step("is told of all that is wrong at once"):
        wrong = {"emails": [{"email": "none"}], "phone_numbers": [{"number": "911"}], "group": "Nobody"}
        body = PhoneComContactInput.from_dict(wrong)
        error = refused(phone_com_create_contact.sync_detailed(*place, client=client, body=body), 422)
        equal(sorted(error.fields.to_dict()), ["emails.0.email", "group", "phone_numbers.0.number"])

    with step("is told of a filter that cannot be"):
        error = refused(phone_com_list_contacts.sync_detailed(*place, client=client, filtersid=["abc"]), 422)
        equal(list(error.fields.to_dict()), ["filters.id"])

    with step("does not know an unknown number"):
        refused(phone_com_get_contact.sync_detailed(*place, UNKNOWN, client=client), 404)
        refused(phone_com_get_account.sync_detailed(UNKNOWN, client=client), 404)

    with step("shows nothing to the workspace next door"):
        neighbour = AuthenticatedClient(base_url=ENDPOINT, token=os.environ["CLIENTS_OTHER_API_KEY"])
        refused(phone_com_list_contacts.sync_detailed(*place, client=neighbour), 404)


def main():
    suite = Suite(f"phone_com, by openapi-python-client {version('openapi-python-client')}")
    # What the document does not describe is an error of the client, not an answer without content.
    client = AuthenticatedClient(
        base_url=ENDPOINT, token=os.environ["CLIENTS_API_KEY"], raise_on_unexpected_status=True
    )
    client.get_httpx_client().post("/user_identities/create", json={"user_identity_key": "jane"}).raise_for_status()
    for body in (ways_in, life_of_a_contact, lists, refusals):
        suite.section(body.__name__.replace("_", " "), body, client)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
