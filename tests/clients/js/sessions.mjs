// What the app on somebody's phone may do: client sessions, made by the workspace or by its publishable key.

import assert from 'node:assert/strict'
import { aMomentAgo, apiError, endpoint, ids, isUuid, publishableKey, sameMembers, unauthorized, unique, workspaceId } from './world.mjs'

async function household(seam) {
  const ann = await seam.userIdentities.create({ full_name: 'Ann', user_identity_key: unique('ann') })
  const bob = await seam.userIdentities.create({ full_name: 'Bob', user_identity_key: unique('bob') })
  const phone = (of) => seam.phones.simulate.createSandboxPhone({ user_identity_id: of.user_identity_id })
  return { ann, bob, annsPhones: [await phone(ann), await phone(ann)], bobsPhone: await phone(bob) }
}

export async function clientSessions(step, { sdk, seam }) {
  const begun = aMomentAgo()
  const { ann, bob, annsPhones, bobsPhone } = await household(seam)
  const user_identifier_key = unique('app-user')

  const session = await step('creates a session for a person', async () => {
    const it = await seam.clientSessions.create({ user_identifier_key, user_identity_id: ann.user_identity_id })
    assert.ok(it.token.startsWith('seam_cst'))
    assert.ok(isUuid(it.client_session_id))
    assert.equal(it.workspace_id, workspaceId)
    assert.equal(it.user_identifier_key, user_identifier_key)
    assert.equal(it.user_identity_id, ann.user_identity_id)
    assert.deepEqual(it.user_identity_ids, [ann.user_identity_id])
    assert.equal(typeof it.device_count, 'number')
    assert.ok(Date.parse(it.expires_at) > Date.now())
    for (const list of ['connected_account_ids', 'connect_webview_ids']) assert.deepEqual(it[list], [])
    return it
  })
  const { client_session_id } = session

  const nobodys = await step('creates or finds a session by its key', async () => {
    const again = await seam.clientSessions.create({ user_identifier_key })
    assert.equal(again.client_session_id, client_session_id)
    const got = await seam.clientSessions.getOrCreate({ user_identifier_key })
    assert.equal(got.client_session_id, client_session_id)
    const fresh = await seam.clientSessions.getOrCreate({ user_identifier_key: unique('app-user') })
    assert.notEqual(fresh.client_session_id, client_session_id)
    return fresh
  })

  await step('gets and lists sessions', async () => {
    assert.equal((await seam.clientSessions.get({ client_session_id })).user_identifier_key, user_identifier_key)
    assert.equal((await seam.clientSessions.get({ user_identifier_key })).client_session_id, client_session_id)
    const anns = await seam.clientSessions.list({ user_identity_id: ann.user_identity_id })
    assert.deepEqual(ids(anns, 'client_session_id'), [client_session_id])
    const ofKey = await seam.clientSessions.list({ user_identifier_key })
    assert.deepEqual(ids(ofKey, 'client_session_id'), [client_session_id])
    const ofNobody = ids(await seam.clientSessions.list({ user_identity_id: null }), 'client_session_id')
    assert.ok(ofNobody.includes(nobodys.client_session_id))
    assert.ok(!ofNobody.includes(client_session_id))
  })

  const app = sdk.Seam.fromClientSessionToken(session.token, { endpoint })

  await step('lets a session see itself, its person and its own devices', async () => {
    assert.equal((await app.clientSessions.get()).client_session_id, client_session_id)
    assert.equal((await app.workspaces.get()).workspace_id, workspaceId)
    assert.deepEqual(ids(await app.userIdentities.list(), 'user_identity_id'), [ann.user_identity_id])
    sameMembers(ids(await app.devices.list(), 'device_id'), ids(annsPhones, 'device_id'))
    assert.equal((await app.devices.get({ device_id: annsPhones[0].device_id })).device_id, annsPhones[0].device_id)
    await apiError(sdk, app.devices.get({ device_id: bobsPhone.device_id }), 404, 'device_not_found')
  })

  await step('does not let a session list or get phones, or act for the workspace', async () => {
    await unauthorized(sdk, app.phones.list())
    await unauthorized(sdk, app.phones.get({ device_id: annsPhones[0].device_id }))
    await unauthorized(sdk, app.userIdentities.create({ full_name: 'Eve' }))
    await unauthorized(sdk, app.webhooks.list())
  })

  await step('lets a session name its own phone', async () => {
    const { device_id } = annsPhones[0]
    await app.devices.update({ device_id, name: "Ann's" })
    assert.equal((await seam.phones.get({ device_id })).nickname, "Ann's")
    await apiError(sdk, app.devices.update({ device_id: bobsPhone.device_id, name: 'mine' }), 404, 'device_not_found')
  })

  await step("lets a session deactivate its own phone and nobody else's", async () => {
    await apiError(sdk, app.phones.deactivate({ device_id: bobsPhone.device_id }), 404, 'device_not_found')
    assert.equal((await seam.phones.get({ device_id: bobsPhone.device_id })).device_id, bobsPhone.device_id)
    const { device_id } = annsPhones[0]
    await app.phones.deactivate({ device_id })
    await app.phones.deactivate({ device_id })
    await apiError(sdk, seam.phones.get({ device_id }), 404, 'device_not_found')
  })

  await step('shows a session the events of its own devices only', async () => {
    await seam.phones.deactivate({ device_id: bobsPhone.device_id })
    const seen = await app.events.list({ since: begun, event_type: 'phone.deactivated' })
    assert.deepEqual(ids(seen, 'device_id'), [annsPhones[0].device_id])
  })

  await step('grants a session access to a person', async () => {
    const another = await seam.phones.simulate.createSandboxPhone({ user_identity_id: bob.user_identity_id })
    const bobs = sdk.Seam.fromClientSessionToken(nobodys.token, { endpoint })
    assert.deepEqual(await bobs.devices.list(), [])
    await seam.clientSessions.grantAccess({ client_session_id: nobodys.client_session_id, user_identity_id: bob.user_identity_id })
    assert.deepEqual(ids(await bobs.devices.list(), 'device_id'), [another.device_id])
  })

  await step('changes the token of a running client', async () => {
    await app.updateClientSessionToken(nobodys.token)
    assert.equal((await app.clientSessions.get()).client_session_id, nobodys.client_session_id)
  })

  await step('revokes a session', async () => {
    await seam.clientSessions.revoke({ client_session_id: nobodys.client_session_id })
    await unauthorized(sdk, app.devices.list())
  })

  await step('deletes a session and tells of it', async () => {
    await seam.clientSessions.delete({ client_session_id })
    await unauthorized(sdk, sdk.Seam.fromClientSessionToken(session.token, { endpoint }).devices.list())
    await apiError(sdk, seam.clientSessions.get({ client_session_id }), 404, 'client_session_not_found')
    const told = await seam.events.list({ since: begun, event_type: 'client_session.deleted' })
    assert.equal(told.filter((event) => event.client_session_id === client_session_id).length, 1)
  })
}

export async function publishable(step, { sdk, seam }) {
  const { ann, annsPhones, bobsPhone } = await household(seam)
  const key = unique('visitor')

  const app = await step('turns a publishable key into a session', async () => {
    const first = await sdk.Seam.fromPublishableKey(publishableKey, key, { endpoint })
    const session = await first.clientSessions.get()
    assert.equal(session.user_identifier_key, key)
    const second = await sdk.Seam.fromPublishableKey(publishableKey, key, { endpoint })
    assert.equal((await second.clientSessions.get()).client_session_id, session.client_session_id)
    assert.deepEqual(await first.devices.list(), [])
    return first
  })

  await step('owns nothing until the workspace grants it a person', async () => {
    const { device_id } = annsPhones[0]
    await apiError(sdk, app.phones.deactivate({ device_id }), 404, 'device_not_found')
    await seam.clientSessions.grantAccess({ user_identifier_key: key, user_identity_id: ann.user_identity_id })
    await app.phones.deactivate({ device_id })
    await apiError(sdk, app.phones.deactivate({ device_id: bobsPhone.device_id }), 404, 'device_not_found')
    assert.deepEqual(ids(await app.devices.list(), 'device_id'), [annsPhones[1].device_id])
  })

  await step('refuses a publishable key it does not know', async () => {
    await unauthorized(sdk, sdk.Seam.fromPublishableKey('seam_pk1nobody_aaaaaaaaaaaaaaaaaaaaaaaa', key, { endpoint }))
  })
}
