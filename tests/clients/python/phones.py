"""The life of a phone, from a person to the events of its end. Every credential that may act for a workspace runs it."""

from world import ACS_SYSTEM_ID, NULL, UNKNOWN_ID, WORKSPACE_ID, api_error, contains, equal, ids, is_uuid, moment, plain, unique

FULL_METADATA = {
    "phone_metadata": {
        "operating_system": "ios",
        "os_version": "18.4",
        "device_manufacturer": "Apple",
        "device_model": "iPhone 16 Pro",
    },
    "assa_abloy_metadata": {
        "application_version": "2.1.0",
        "ble_capability": True,
        "hce_capability": True,
        "nfc_capability": True,
        "seos_applet_version": "3.0.0",
        "seos_tsm_endpoint_id": 7,
    },
}


def phone_workflow(step, seam):
    begun = moment(seconds=-1)
    owner = person(step, seam)
    first, second = registration(step, seam, owner)
    naming(step, seam, first)
    credential = credentials(step, seam, owner, [first, second])
    deactivation(step, seam, owner, first, second, credential, begun)


def person(step, seam):
    key = unique("person")
    email = f"{key}@example.com"

    with step("creates a person"):
        made = seam.user_identities.create(user_identity_key=key, full_name="Ada Byron", email_address=email)
        assert is_uuid(made.user_identity_id)
        equal(made.user_identity_key, key)
        equal(made.full_name, "Ada Byron")
        equal(made.display_name, "Ada Byron")
        equal(made.email_address, email)
        equal(made.phone_number, None)
        equal(made.workspace_id, WORKSPACE_ID)
        equal(plain(made.errors), [])

    with step("gets the person by id and by key"):
        equal(plain(seam.user_identities.get(user_identity_id=made.user_identity_id)), plain(made))
        equal(plain(seam.user_identities.get(user_identity_key=key)), plain(made))

    with step("updates the person"):
        seam.user_identities.update(user_identity_id=made.user_identity_id, full_name="Ada Lovelace")
        now = seam.user_identities.get(user_identity_id=made.user_identity_id)
        equal((now.full_name, now.email_address, now.user_identity_key), ("Ada Lovelace", email, key))

    if NULL is not None:
        with step("clears what is set to null"):
            seam.user_identities.update(user_identity_id=made.user_identity_id, email_address=NULL)
            now = seam.user_identities.get(user_identity_id=made.user_identity_id)
            equal((now.full_name, now.email_address), ("Ada Lovelace", None))

    with step("lists people by id and by search"):
        found = seam.user_identities.list(user_identity_ids=[made.user_identity_id])
        equal(ids(found, "user_identity_id"), [made.user_identity_id])
        equal(ids(seam.user_identities.list(search=key), "user_identity_id"), [made.user_identity_id])

    with step("refuses a second person with the same key"):
        with api_error(400, "user_identity_already_exists"):
            seam.user_identities.create(user_identity_key=key)

    return made


def registration(step, seam, owner):
    user_identity_id = owner.user_identity_id

    with step("registers a sandbox phone with nothing but its owner"):
        first = seam.phones.simulate.create_sandbox_phone(user_identity_id=user_identity_id)
        assert is_uuid(first.device_id)
        equal(first.device_type, "android_phone")
        equal(first.display_name, "Samsung Galaxy S10")
        equal(first.workspace_id, WORKSPACE_ID)
        equal(plain(first.custom_metadata), {})
        equal((plain(first.errors), plain(first.warnings)), ([], []))

    installation = unique("installation")
    with step("registers a second phone with all its metadata"):
        second = seam.phones.simulate.create_sandbox_phone(
            user_identity_id=user_identity_id, custom_sdk_installation_id=installation, **FULL_METADATA
        )
        equal(second.device_type, "ios_phone")
        equal(second.display_name, "iPhone 16 Pro")
        service = plain(second.properties)["assa_abloy_credential_service_metadata"]
        equal(service["has_active_endpoint"], True)

    with step("gives the same phone to the same installation"):
        again = seam.phones.simulate.create_sandbox_phone(
            user_identity_id=user_identity_id, custom_sdk_installation_id=installation, **FULL_METADATA
        )
        equal(again.device_id, second.device_id)

    with step("gets both phones"):
        for phone in (first, second):
            equal(plain(seam.phones.get(device_id=phone.device_id)), plain(phone))

    with step("lists the phones of one owner, oldest first"):
        owned = seam.phones.list(owner_user_identity_id=user_identity_id)
        equal(plain(owned), plain([first, second]))
        equal(list(seam.phones.list(owner_user_identity_id=UNKNOWN_ID)), [])

    with step("lists the phones of the whole workspace"):
        everywhere = ids(seam.phones.list(), "device_id")
        contains(everywhere, first.device_id)
        contains(everywhere, second.device_id)

    with step("shows each phone as a device too"):
        device = seam.devices.get(device_id=second.device_id)
        equal((device.device_type, device.is_managed), ("ios_phone", True))
        equal(plain(device.capabilities_supported), ["phone"])
        assert is_uuid(device.connected_account_id)
        both = [first.device_id, second.device_id]
        equal(sorted(ids(seam.devices.list(device_ids=both), "device_id")), sorted(both))
        equal(ids(seam.devices.list(device_ids=both, device_type="ios_phone"), "device_id"), [second.device_id])

    return first, second


def naming(step, seam, phone):
    device_id = phone.device_id
    team = unique("team")

    with step("names a phone and labels it"):
        seam.devices.update(device_id=device_id, name="Front desk", custom_metadata={"team": team, "spare": True, "floor": "3"})
        now = seam.phones.get(device_id=device_id)
        equal((now.nickname, now.display_name), ("Front desk", "Front desk"))
        equal(plain(now.custom_metadata), {"team": team, "spare": True, "floor": "3"})

    with step("finds devices by their labels"):
        equal(ids(seam.devices.list(custom_metadata_has={"team": team, "spare": True}), "device_id"), [device_id])
        equal(list(seam.devices.list(custom_metadata_has={"team": team, "spare": False})), [])

    with step("merges labels: null and the empty string remove, others stay"):
        seam.devices.update(device_id=device_id, custom_metadata={"spare": NULL, "floor": "", "room": "12"})
        now = seam.phones.get(device_id=device_id)
        equal(plain(now.custom_metadata), {"team": team, "room": "12"})
        equal(now.nickname, "Front desk")

    if NULL is not None:
        with step("clears the name with null"):
            seam.devices.update(device_id=device_id, name=NULL)
            now = seam.phones.get(device_id=device_id)
            equal(now.display_name, phone.display_name)
            assert not getattr(now, "nickname", None)


def credentials(step, seam, owner, phones):
    user_identity_id = owner.user_identity_id

    with step("issues a credential that follows all phones of its owner"):
        credential = seam.acs.credentials.create(
            user_identity_id=user_identity_id,
            credential_manager_acs_system_id=ACS_SYSTEM_ID,
            access_method="mobile_key",
            is_multi_phone_sync_credential=True,
        )
        assert is_uuid(credential.acs_credential_id)
        equal((credential.access_method, credential.is_multi_phone_sync_credential), ("mobile_key", True))
        equal(credential.user_identity_id, user_identity_id)
    acs_credential_id = credential.acs_credential_id

    with step("gets and lists the credential"):
        equal(seam.acs.credentials.get(acs_credential_id=acs_credential_id).acs_credential_id, acs_credential_id)
        contains(ids(seam.acs.credentials.list(user_identity_id=user_identity_id), "acs_credential_id"), acs_credential_id)

    with step("lists the phones that hold the credential"):
        holders = seam.phones.list(acs_credential_id=acs_credential_id)
        equal(sorted(ids(holders, "device_id")), sorted(ids(phones, "device_id")))
        equal(list(seam.phones.list(acs_credential_id=UNKNOWN_ID)), [])

    return credential


def deactivation(step, seam, owner, gone, stays, credential, begun):
    device_id = gone.device_id

    def endings():
        return seam.events.list(since=begun, event_type="phone.deactivated", device_id=device_id)

    with step("deactivates a phone, and once more to no further effect"):
        equal(list(endings()), [])
        seam.phones.deactivate(device_id=device_id)
        seam.phones.deactivate(device_id=device_id)

    with step("tells of the deactivation exactly once"):
        told = endings()
        equal(len(told), 1)
        event = told[0]
        equal((event.event_type, event.device_id, event.workspace_id), ("phone.deactivated", device_id, WORKSPACE_ID))
        assert is_uuid(event.event_id) and event.occurred_at

    with step("finds the event by id, by a window and by a bare date"):
        equal(plain(seam.events.get(event_id=event.event_id)), plain(event))
        both = [device_id, stays.device_id]
        window = seam.events.list(between=[begun, moment(days=1)], device_ids=both, event_types=["phone.deactivated"])
        equal(ids(window, "event_id"), [event.event_id])
        dated = seam.events.list(since="2020-01-01", device_id=device_id, event_type="phone.deactivated")
        equal(ids(dated, "event_id"), [event.event_id])
        equal(list(seam.events.list(since=moment(days=1), device_id=device_id)), [])

    with step("no longer knows the phone"):
        for get in (seam.phones.get, seam.devices.get):
            with api_error(404, "device_not_found") as caught:
                get(device_id=device_id)
            equal(caught[0].data["device_id"], device_id)
        left = seam.phones.list(owner_user_identity_id=owner.user_identity_id)
        equal(ids(left, "device_id"), [stays.device_id])
        equal(list(seam.devices.list(device_ids=[device_id])), [])

    with step("keeps the credential for the phones that are left"):
        holders = seam.phones.list(acs_credential_id=credential.acs_credential_id)
        equal(ids(holders, "device_id"), [stays.device_id])

    with step("deletes the person, and with them the phones"):
        seam.user_identities.delete(user_identity_id=owner.user_identity_id)
        with api_error(404, "user_identity_not_found"):
            seam.user_identities.get(user_identity_id=owner.user_identity_id)
        with api_error(404, "device_not_found"):
            seam.phones.get(device_id=stays.device_id)
