// The life of a phone, from a person to the events of its end. Every credential that may act for a workspace runs it.

import assert from 'node:assert/strict'
import { aMomentAgo, apiError, ids, isUuid, sameMembers, unique, unknownId } from './world.mjs'

const fullMetadata = {
  phone_metadata: {
    operating_system: 'ios',
    os_version: '18.4',
    device_manufacturer: 'Apple',
    device_model: 'iPhone 16 Pro',
  },
  assa_abloy_metadata: {
    application_version: '2.1.0',
    ble_capability: true,
    hce_capability: true,
    nfc_capability: true,
    seos_applet_version: '3.0.0',
    seos_tsm_endpoint_id: 7,
  },
}

export async function phoneWorkflow(step, { sdk, seam, workspaceId }) {
  const begun = aMomentAgo()
  const owner = await person(step, { sdk, seam, workspaceId })
  const [plain, full] = await registration(step, { seam, workspaceId, owner })
  await naming(step, { seam, phone: plain })
  const credential = await credentials(step, { seam, owner, phones: [plain, full] })
  await deactivation(step, { sdk, seam, owner, gone: plain, stays: full, credential, begun })
}

async function person(step, { sdk, seam, workspaceId }) {
  const key = unique('person')
  const email = `${key}@example.com`

  const made = await step('creates a person', async () => {
    const it = await seam.userIdentities.create({ user_identity_key: key, full_name: 'Ada Byron', email_address: email })
    assert.ok(isUuid(it.user_identity_id))
    assert.equal(it.user_identity_key, key)
    assert.equal(it.full_name, 'Ada Byron')
    assert.equal(it.display_name, 'Ada Byron')
    assert.equal(it.email_address, email)
    assert.equal(it.phone_number, null)
    assert.equal(it.workspace_id, workspaceId)
    for (const list of ['errors', 'warnings', 'acs_user_ids']) assert.deepEqual(it[list], [])
    return it
  })
  const { user_identity_id } = made

  await step('gets the person by id and by key', async () => {
    assert.deepEqual(await seam.userIdentities.get({ user_identity_id }), made)
    assert.deepEqual(await seam.userIdentities.get({ user_identity_key: key }), made)
  })

  await step('updates the person: a value sets, null clears, absence keeps', async () => {
    await seam.userIdentities.update({ user_identity_id, full_name: 'Ada Lovelace', email_address: null })
    const now = await seam.userIdentities.get({ user_identity_id })
    assert.equal(now.full_name, 'Ada Lovelace')
    assert.equal(now.email_address, null)
    assert.equal(now.user_identity_key, key)
  })

  await step('lists people by id and by search', async () => {
    const byId = await seam.userIdentities.list({ user_identity_ids: [user_identity_id] })
    assert.deepEqual(ids(byId, 'user_identity_id'), [user_identity_id])
    const bySearch = await seam.userIdentities.list({ search: key })
    assert.deepEqual(ids(bySearch, 'user_identity_id'), [user_identity_id])
  })

  await step('refuses a second person with the same key', async () => {
    await apiError(sdk, seam.userIdentities.create({ user_identity_key: key }), 400, 'user_identity_already_exists')
  })

  return made
}

async function registration(step, { seam, workspaceId, owner }) {
  const { user_identity_id } = owner

  const plain = await step('registers a sandbox phone with nothing but its owner', async () => {
    const phone = await seam.phones.simulate.createSandboxPhone({ user_identity_id })
    assert.ok(isUuid(phone.device_id))
    assert.equal(phone.device_type, 'android_phone')
    assert.equal(phone.display_name, 'Samsung Galaxy S10')
    assert.equal(phone.workspace_id, workspaceId)
    assert.ok(!Number.isNaN(Date.parse(phone.created_at)))
    assert.deepEqual(phone.custom_metadata, {})
    assert.deepEqual(phone.errors, [])
    assert.deepEqual(phone.warnings, [])
    assert.equal('nickname' in phone, false, 'an unset nickname is absent')
    return phone
  })

  const custom_sdk_installation_id = unique('installation')
  const full = await step('registers a second phone with all its metadata', async () => {
    const phone = await seam.phones.simulate.createSandboxPhone({ user_identity_id, custom_sdk_installation_id, ...fullMetadata })
    assert.equal(phone.device_type, 'ios_phone')
    assert.equal(phone.display_name, 'iPhone 16 Pro')
    assert.equal(phone.properties.assa_abloy_credential_service_metadata.has_active_endpoint, true)
    assert.equal(phone.properties.assa_abloy_credential_service_metadata.endpoints[0].is_active, true)
    return phone
  })

  await step('gives the same phone to the same installation', async () => {
    const again = await seam.phones.simulate.createSandboxPhone({ user_identity_id, custom_sdk_installation_id, ...fullMetadata })
    assert.equal(again.device_id, full.device_id)
  })

  await step('gets both phones', async () => {
    assert.deepEqual(await seam.phones.get({ device_id: plain.device_id }), plain)
    assert.deepEqual(await seam.phones.get({ device_id: full.device_id }), full)
  })

  await step('lists the phones of one owner, oldest first', async () => {
    const phones = await seam.phones.list({ owner_user_identity_id: user_identity_id })
    assert.deepEqual(phones, [plain, full])
    assert.deepEqual(await seam.phones.list({ owner_user_identity_id: unknownId }), [])
  })

  await step('lists the phones of the whole workspace', async () => {
    const all = ids(await seam.phones.list(), 'device_id')
    for (const phone of [plain, full]) assert.ok(all.includes(phone.device_id))
  })

  await step('shows each phone as a device too', async () => {
    const device = await seam.devices.get({ device_id: full.device_id })
    assert.equal(device.device_type, 'ios_phone')
    assert.equal(device.is_managed, true)
    assert.deepEqual(device.capabilities_supported, ['phone'])
    assert.deepEqual(device.space_ids, [])
    assert.ok(isUuid(device.connected_account_id))
    const listed = await seam.devices.list({ device_ids: [plain.device_id, full.device_id] })
    sameMembers(ids(listed, 'device_id'), [plain.device_id, full.device_id])
    const ios = await seam.devices.list({ device_ids: [plain.device_id, full.device_id], device_type: 'ios_phone' })
    assert.deepEqual(ids(ios, 'device_id'), [full.device_id])
  })

  return [plain, full]
}

async function naming(step, { seam, phone }) {
  const { device_id } = phone
  const team = unique('team')

  await step('names a phone and labels it', async () => {
    await seam.devices.update({ device_id, name: 'Front desk', custom_metadata: { team, spare: true, floor: '3' } })
    const now = await seam.phones.get({ device_id })
    assert.equal(now.nickname, 'Front desk')
    assert.equal(now.display_name, 'Front desk')
    assert.deepEqual(now.custom_metadata, { team, spare: true, floor: '3' })
  })

  await step('finds devices by their labels', async () => {
    const found = await seam.devices.list({ custom_metadata_has: { team, spare: true } })
    assert.deepEqual(ids(found, 'device_id'), [device_id])
    assert.deepEqual(await seam.devices.list({ custom_metadata_has: { team, spare: false } }), [])
  })

  await step('merges labels: null and the empty string remove, others stay', async () => {
    await seam.devices.update({ device_id, custom_metadata: { spare: null, floor: '', room: '12' } })
    const now = await seam.phones.get({ device_id })
    assert.deepEqual(now.custom_metadata, { team, room: '12' })
    assert.equal(now.nickname, 'Front desk')
  })

  await step('clears the name with null', async () => {
    await seam.devices.update({ device_id, name: null })
    const now = await seam.phones.get({ device_id })
    assert.equal('nickname' in now, false)
    assert.equal(now.display_name, phone.display_name)
  })
}

async function credentials(step, { seam, owner, phones }) {
  const { user_identity_id } = owner

  const credential = await step('issues a credential that follows all phones of its owner', async () => {
    const it = await seam.acs.credentials.create({
      user_identity_id,
      credential_manager_acs_system_id: unknownId.replace('8000', '8001'),
      access_method: 'mobile_key',
      is_multi_phone_sync_credential: true,
    })
    assert.ok(isUuid(it.acs_credential_id))
    assert.equal(it.access_method, 'mobile_key')
    assert.equal(it.is_multi_phone_sync_credential, true)
    assert.equal(it.is_managed, true)
    assert.equal(it.user_identity_id, user_identity_id)
    return it
  })
  const { acs_credential_id } = credential

  await step('gets and lists the credential', async () => {
    assert.equal((await seam.acs.credentials.get({ acs_credential_id })).acs_credential_id, acs_credential_id)
    const own = await seam.acs.credentials.list({ user_identity_id })
    assert.ok(ids(own, 'acs_credential_id').includes(acs_credential_id))
    const followers = await seam.acs.credentials.list({ user_identity_id, is_multi_phone_sync_credential: true })
    assert.ok(ids(followers, 'acs_credential_id').includes(acs_credential_id))
  })

  await step('lists the phones that hold the credential', async () => {
    const holders = await seam.phones.list({ acs_credential_id })
    sameMembers(ids(holders, 'device_id'), ids(phones, 'device_id'))
    assert.deepEqual(await seam.phones.list({ acs_credential_id: unknownId }), [])
  })

  return credential
}

async function deactivation(step, { sdk, seam, owner, gone, stays, credential, begun }) {
  const { device_id } = gone
  const endings = () => seam.events.list({ since: begun, event_type: 'phone.deactivated', device_id })

  await step('deactivates a phone, and once more to no further effect', async () => {
    assert.deepEqual(await endings(), [])
    await seam.phones.deactivate({ device_id })
    await seam.phones.deactivate({ device_id })
  })

  const event = await step('tells of the deactivation exactly once', async () => {
    const [event, ...others] = await endings()
    assert.deepEqual(others, [])
    assert.equal(event.event_type, 'phone.deactivated')
    assert.equal(event.device_id, device_id)
    assert.equal(event.workspace_id, gone.workspace_id)
    assert.ok(isUuid(event.event_id))
    assert.ok(!Number.isNaN(Date.parse(event.occurred_at)))
    return event
  })

  await step('finds the event by id, by a window and by a bare date', async () => {
    assert.deepEqual(await seam.events.get({ event_id: event.event_id }), event)
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
    const window = await seam.events.list({ between: [begun, tomorrow], device_ids: [device_id, stays.device_id], event_types: ['phone.deactivated'] })
    assert.deepEqual(window, [event])
    const dated = await seam.events.list({ since: '2020-01-01', device_id, event_type: 'phone.deactivated' })
    assert.deepEqual(dated, [event])
    const later = await seam.events.list({ since: tomorrow, device_id })
    assert.deepEqual(later, [])
  })

  await step('no longer knows the phone', async () => {
    for (const get of [seam.phones.get({ device_id }), seam.devices.get({ device_id })]) {
      const error = await apiError(sdk, get, 404, 'device_not_found')
      assert.equal(error.data.device_id, device_id)
    }
    const left = await seam.phones.list({ owner_user_identity_id: owner.user_identity_id })
    assert.deepEqual(ids(left, 'device_id'), [stays.device_id])
    assert.deepEqual(await seam.devices.list({ device_ids: [device_id] }), [])
  })

  await step('keeps the credential for the phones that are left', async () => {
    const { acs_credential_id } = credential
    const holders = await seam.phones.list({ acs_credential_id })
    assert.deepEqual(ids(holders, 'device_id'), [stays.device_id])
    assert.equal((await seam.acs.credentials.get({ acs_credential_id })).acs_credential_id, acs_credential_id)
  })

  await step('deletes the person, and with them the phones', async () => {
    const { user_identity_id } = owner
    await seam.userIdentities.delete({ user_identity_id })
    await apiError(sdk, seam.userIdentities.get({ user_identity_id }), 404, 'user_identity_not_found')
    await apiError(sdk, seam.phones.get({ device_id: stays.device_id }), 404, 'device_not_found')
    const last = await seam.events.list({ since: begun, event_type: 'phone.deactivated', device_id: stays.device_id })
    assert.equal(last.length, 1)
  })
}
