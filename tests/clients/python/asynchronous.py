"""A short way through the asynchronous client, where the SDK's version has one."""

import asyncio

import seam as sdk
from world import API_KEY, ENDPOINT, api_error, equal, ids, unique


def smoke(step):
    with step("registers, lists, pages, deactivates"):
        asyncio.run(walk())


async def walk():
    async with sdk.AsyncSeam(api_key=API_KEY, endpoint=ENDPOINT) as seam:
        person = await seam.user_identities.create(user_identity_key=unique("async"))
        register = seam.phones.simulate.create_sandbox_phone
        phones = await asyncio.gather(*(register(user_identity_id=person.user_identity_id) for _ in range(3)))
        owned = await seam.phones.list(owner_user_identity_id=person.user_identity_id)
        equal(sorted(ids(owned, "device_id")), sorted(ids(phones, "device_id")))
        paged = await seam.create_paginator(seam.devices.list, {"limit": 2}).flatten_to_list()
        assert set(ids(phones, "device_id")) <= set(ids(paged, "device_id"))
        await asyncio.gather(*(seam.phones.deactivate(device_id=phone.device_id) for phone in phones))
        equal(list(await seam.phones.list(owner_user_identity_id=person.user_identity_id)), [])
        with api_error(404, "device_not_found"):
            await seam.phones.get(device_id=phones[0].device_id)
