"""A client of the Diga dialect that a generator made from the committed openapi.json, and nobody has touched since."""

import os
import sys
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

from handset_client import AuthenticatedClient
from handset_client.api.diga import (
    diga_assign_phone,
    diga_cancel_release_of_phone,
    diga_get_phone,
    diga_import_phone,
    diga_list_phones,
    diga_release_phone,
    diga_reserve_phone,
    diga_update_phone,
)
from handset_client.models import (
    DigaError,
    DigaListPhonesOrder,
    DigaListPhonesStatus,
    DigaPhone,
    DigaPhoneAssign,
    DigaPhoneImport,
    DigaPhonePage,
    DigaPhoneReserve,
    DigaPhoneUpdate,
    DigaValidationError,
)
from steps import Suite

ENDPOINT = os.environ["CLIENTS_ENDPOINT"]
UNKNOWN_ID = UUID("00000000-0000-4000-8000-000000000000")
AGENT_ID = UUID("00000000-0000-4000-8002-000000000000")


def equal(actual, expected):
    assert actual == expected, f"expected {expected!r}, got {actual!r}"


def phone(answer, status=200):
    equal(answer.status_code, status)
    assert isinstance(answer.parsed, DigaPhone), answer
    equal(answer.parsed.additional_properties, {})
    return answer.parsed


def refused(answer, status, code):
    equal(answer.status_code, status)
    assert isinstance(answer.parsed, DigaError), answer
    equal((answer.parsed.status.value, answer.parsed.error_code), ("error", code))


def life_of_an_imported_number(step, client):
    with step("imports a number"):
        body = DigaPhoneImport.from_dict(
            {
                "phone_number": "+34675897654",
                "nickname": "Front desk",
                "sip_config": {"termination_uri": "sip.example.com", "username": "us", "password": "not told"},
            }
        )
        made = phone(diga_import_phone.sync_detailed(client=client, body=body))
        equal((made.number, made.nickname), ("+34675897654", "Front desk"))
        equal((made.telephony_provider.value, made.status.value), ("custom", "assigned"))
        assert abs((datetime.now(timezone.utc) - made.assigned_at).total_seconds()) < 60, made.assigned_at
        equal((made.released_at, made.scheduled_release_at, made.inbound_agent_id), (None, None, None))

    with step("gets it"):
        equal(phone(diga_get_phone.sync_detailed(made.id, client=client)), made)

    with step("describes it anew and clears what is null"):
        body = DigaPhoneUpdate(nickname=None, inbound_agent_id=AGENT_ID)
        changed = phone(diga_update_phone.sync_detailed(made.id, client=client, body=body))
        equal((changed.nickname, changed.inbound_agent_id, changed.outbound_agent_id), (None, AGENT_ID, None))
        body = DigaPhoneUpdate(outbound_version_id=AGENT_ID)
        changed = phone(diga_update_phone.sync_detailed(made.id, client=client, body=body))
        equal((changed.inbound_agent_id, changed.outbound_agent_id), (AGENT_ID, AGENT_ID))

    with step("refuses to import it twice"):
        again = diga_import_phone.sync_detailed(client=client, body=DigaPhoneImport(phone_number="+34675897654"))
        refused(again, 409, "PHONE_ALREADY_IN_USE")

    with step("deletes it, and it is finished"):
        equal(diga_release_phone.sync_detailed(made.id, client=client).status_code, 204)
        finished = phone(diga_get_phone.sync_detailed(made.id, client=client))
        equal((finished.status.value, finished.inbound_agent_id), ("finished", None))
        assert finished.released_at >= made.assigned_at
        refused(diga_release_phone.sync_detailed(made.id, client=client), 409, "PHONE_NOT_RELEASABLE")


def life_of_a_bought_number(step, client):
    with step("reserves a number"):
        body = DigaPhoneReserve(number="+34675897655", nickname="Shop")
        made = phone(diga_reserve_phone.sync_detailed(client=client, body=body))
        equal((made.telephony_provider.value, made.status.value, made.assigned_at), ("netelip", "reserved", None))
        refused(diga_release_phone.sync_detailed(made.id, client=client), 409, "PHONE_NOT_RELEASABLE")

    with step("assigns it"):
        assigned = phone(diga_assign_phone.sync_detailed(made.id, client=client, body=DigaPhoneAssign()))
        equal((assigned.id, assigned.status.value, assigned.nickname), (made.id, "assigned", "Shop"))
        unknown = DigaPhoneAssign(user_identity_id=UNKNOWN_ID)
        answer = diga_assign_phone.sync_detailed(made.id, client=client, body=unknown)
        refused(answer, 404, "USER_IDENTITY_NOT_FOUND")

    with step("orders its release, and takes it back"):
        equal(diga_release_phone.sync_detailed(made.id, client=client).status_code, 204)
        leaving = phone(diga_get_phone.sync_detailed(made.id, client=client))
        equal(leaving.status.value, "assigned")
        assert 27 <= (leaving.scheduled_release_at - leaving.assigned_at).days <= 31, leaving
        kept = phone(diga_cancel_release_of_phone.sync_detailed(made.id, client=client))
        equal(kept, assigned)
        refused(diga_cancel_release_of_phone.sync_detailed(made.id, client=client), 409, "RELEASE_NOT_SCHEDULED")


def lists(step, client):
    with step("lists by pages"):
        first = diga_list_phones.sync_detailed(client=client, limit=1).parsed
        assert isinstance(first, DigaPhonePage), first
        equal((len(first.data), first.has_more, first.current_page, first.total_pages), (1, True, 1, 2))
        equal((first.first_id, first.last_id), (first.data[0].id, first.data[0].id))
        second = diga_list_phones.sync_detailed(client=client, limit=1, page=2).parsed
        equal((second.has_more, second.current_page), (False, 2))

    with step("lists by cursors, in both orders"):
        after = diga_list_phones.sync_detailed(client=client, after=first.last_id).parsed
        equal((after.data, after.current_page, after.total_pages), (second.data, None, None))
        upwards = diga_list_phones.sync_detailed(client=client, order=DigaListPhonesOrder.ASC).parsed
        equal([one.id for one in upwards.data], [second.data[0].id, first.data[0].id])

    with step("lists by status and by time"):
        finished = diga_list_phones.sync_detailed(client=client, status=DigaListPhonesStatus.FINISHED).parsed
        equal([one.number for one in finished.data], ["+34675897654"])
        now = datetime.now(timezone.utc)
        equal(len(diga_list_phones.sync_detailed(client=client, end_assigned_at=now).parsed.data), 2)
        equal(diga_list_phones.sync_detailed(client=client, start_assigned_at=now).parsed.data, [])


def refusals(step, client):
    with step("does not know an unknown id"):
        refused(diga_get_phone.sync_detailed(UNKNOWN_ID, client=client), 404, "PHONE_NOT_FOUND")

    with step("tells what is wrong with a request's shape"):
        answer = diga_import_phone.sync_detailed(client=client, body=DigaPhoneImport(phone_number="none"))
        equal(answer.status_code, 422)
        assert isinstance(answer.parsed, DigaValidationError), answer
        fault = answer.parsed.detail[0]
        equal((fault.type_, fault.loc), ("value_error", ["body", "phone_number"]))

    with step("tells of pages that cannot be in the other form"):
        answer = diga_list_phones.sync_detailed(client=client, after=UNKNOWN_ID)
        equal((answer.status_code, answer.parsed.error_code), (422, "INVALID_PAGINATION_PARAMETERS"))

    with step("lets in nobody without a key"):
        stranger = AuthenticatedClient(base_url=ENDPOINT, token="unknown")
        refused(diga_list_phones.sync_detailed(client=stranger), 401, "UNAUTHORIZED")

    with step("shows nothing to the workspace next door"):
        neighbour = AuthenticatedClient(base_url=ENDPOINT, token=os.environ["CLIENTS_OTHER_API_KEY"])
        equal(diga_list_phones.sync_detailed(client=neighbour).parsed.data, [])


def main():
    suite = Suite(f"diga, by openapi-python-client {version('openapi-python-client')}")
    # What the document does not describe is an error of the client, not an answer without content.
    client = AuthenticatedClient(
        base_url=ENDPOINT, token=os.environ["CLIENTS_API_KEY"], raise_on_unexpected_status=True
    )
    for body in (life_of_an_imported_number, life_of_a_bought_number, lists, refusals):
        suite.section(body.__name__.replace("_", " "), body, client)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
