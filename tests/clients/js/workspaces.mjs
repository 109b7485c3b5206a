// Workspaces as their members see them, and the errors that are the same on every route.

import assert from 'node:assert/strict'
import {
  accessToken, apiError, consoleSession, endpoint, ids, invalidInput, isUuid, otherApiKey, productionApiKey, refusal, unauthorized,
  unique, unknownId, workspaceId,
} from './world.mjs'

export async function workspaces(step, { sdk, seam }) {
  await step('gets and lists the workspace of the key', async () => {
    const it = await seam.workspaces.get()
    assert.equal(it.workspace_id, workspaceId)
    assert.equal(it.is_sandbox, true)
    assert.equal(it.is_suspended, false)
    assert.equal(it.organization_id, null)
    assert.equal(typeof it.connect_webview_customization, 'object')
    assert.deepEqual(ids(await seam.workspaces.list(), 'workspace_id'), [workspaceId])
  })

  await step('renames the workspace', async () => {
    const name = unique('renamed')
    await seam.workspaces.update({ name })
    assert.equal((await seam.workspaces.get()).name, name)
  })

  await step('does not let an API key create a workspace', async () => {
    await unauthorized(sdk, seam.workspaces.create({ name: unique('denied') }))
  })

  await step('creates and lists workspaces with a personal access token alone', async () => {
    const name = unique('branch')
    const owner = sdk.SeamWithoutWorkspace.fromPersonalAccessToken(accessToken, { endpoint })
    const made = await owner.workspaces.create({ name, is_sandbox: true, connect_partner_name: 'Branch' })
    assert.equal(made.name, name)
    assert.equal(made.is_sandbox, true)
    assert.equal(made.connect_partner_name, 'Branch')
    const known = ids(await owner.workspaces.list(), 'workspace_id')
    assert.ok(known.includes(made.workspace_id) && known.includes(workspaceId))
    const inside = sdk.Seam.fromPersonalAccessToken(accessToken, made.workspace_id, { endpoint })
    assert.equal((await inside.workspaces.get()).name, name)
    assert.deepEqual(await inside.phones.list(), [])
  })

  await step('lists workspaces with a console session alone', async () => {
    const person = sdk.SeamWithoutWorkspace.fromConsoleSessionToken(consoleSession, { endpoint })
    assert.ok(ids(await person.workspaces.list(), 'workspace_id').includes(workspaceId))
  })

  await step('resets a sandbox and waits for it', async () => {
    const person = await seam.userIdentities.create({ full_name: 'Temporary' })
    await seam.phones.simulate.createSandboxPhone({ user_identity_id: person.user_identity_id })
    const attempt = await seam.workspaces.resetSandbox()
    assert.equal(attempt.action_type, 'RESET_SANDBOX_WORKSPACE')
    assert.equal(attempt.status, 'success')
    assert.equal(attempt.error, null)
    assert.deepEqual(attempt.result, {})
    const { action_attempt_id } = attempt
    assert.deepEqual(await seam.actionAttempts.get({ action_attempt_id }), attempt)
    assert.deepEqual(await seam.phones.list(), [])
    assert.deepEqual(await seam.userIdentities.list(), [])
    assert.equal((await seam.workspaces.get()).workspace_id, workspaceId)
  })

  await step('keeps sandbox matters out of production', async () => {
    const production = new sdk.Seam({ apiKey: productionApiKey, endpoint })
    await apiError(sdk, production.workspaces.resetSandbox(), 400, 'workspace_not_sandbox')
    const { user_identity_id } = await production.userIdentities.create({ full_name: 'Real' })
    await apiError(sdk, production.phones.simulate.createSandboxPhone({ user_identity_id }), 400, 'workspace_not_sandbox')
  })
}

export async function errors(step, { sdk, seam }) {
  await step('refuses credentials it does not know', async () => {
    const strangers = [
      new sdk.Seam({ apiKey: 'seam_test1234_aaaaaaaaaaaaaaaaaaaaaaaa', endpoint }),
      sdk.Seam.fromPersonalAccessToken('seam_at1stranger_aaaaaaaaaaaaaaaaaaaaaaaa', workspaceId, { endpoint }),
      sdk.Seam.fromPersonalAccessToken(accessToken, unknownId, { endpoint }),
      sdk.Seam.fromClientSessionToken('seam_cst1stranger_aaaaaaaaaaaaaaaaaaaaaaaa', { endpoint }),
      sdk.Seam.fromConsoleSessionToken('eyJhbGciOiJIUzI1NiJ9.e30.c3RyYW5nZXI', workspaceId, { endpoint }),
    ]
    for (const stranger of strangers) await unauthorized(sdk, stranger.devices.list())
  })

  await step('says which parameter is wrong and how', async () => {
    const bad = await invalidInput(sdk, seam.phones.get({ device_id: 'nope' }))
    assert.deepEqual(bad.getValidationErrorMessages('device_id'), ['Invalid uuid'])
    assert.deepEqual(bad.getValidationErrorMessages('other'), [])
    assert.equal(bad.message, 'Invalid uuid for "device_id"')

    const nested = await invalidInput(
      sdk,
      seam.phones.simulate.createSandboxPhone({ user_identity_id: unknownId, phone_metadata: { operating_system: 'win' } }),
    )
    assert.match(nested.message, /Invalid enum value\. Expected 'android' \| 'ios', received 'win'/)
    assert.deepEqual(nested.getValidationErrorMessages('phone_metadata'), [])

    const several = await invalidInput(sdk, seam.webhooks.create({ url: 7, event_types: 'all' }))
    assert.match(several.message, /^2 Input Errors: /)
    assert.deepEqual(several.getValidationErrorMessages('url'), ['Expected string, received number'])
    assert.deepEqual(several.getValidationErrorMessages('event_types'), ['Expected array, received string'])
  })

  await step('keeps labels within their limits', async () => {
    const { user_identity_id } = await seam.userIdentities.create({ full_name: 'Labelled' })
    const { device_id } = await seam.phones.simulate.createSandboxPhone({ user_identity_id })
    const fifty = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, 'v']))
    const label = (custom_metadata) => seam.devices.update({ device_id, custom_metadata })
    for (const bad of [{ 'a.b': 'x' }, { a: 1 }, { ['k'.repeat(41)]: 'x' }, { a: 'x'.repeat(501) }, { ...fifty, one_more: 'x' }]) {
      await invalidInput(sdk, label(bad))
    }
    await label(fifty)
    assert.deepEqual((await seam.phones.get({ device_id })).custom_metadata, fifty)
  })

  await step('names what it did not find', async () => {
    const missing = {
      device_not_found: [
        () => seam.phones.get({ device_id: unknownId }),
        () => seam.phones.deactivate({ device_id: unknownId }),
        () => seam.devices.get({ device_id: unknownId }),
        () => seam.devices.update({ device_id: unknownId, name: 'x' }),
      ],
      user_identity_not_found: [
        () => seam.userIdentities.get({ user_identity_id: unknownId }),
        () => seam.userIdentities.delete({ user_identity_id: unknownId }),
        () => seam.phones.simulate.createSandboxPhone({ user_identity_id: unknownId }),
      ],
      event_not_found: [() => seam.events.get({ event_id: unknownId })],
      webhook_not_found: [
        () => seam.webhooks.get({ webhook_id: unknownId }),
        () => seam.webhooks.delete({ webhook_id: unknownId }),
        () => seam.webhooks.update({ webhook_id: unknownId, event_types: ['*'] }),
      ],
      client_session_not_found: [
        () => seam.clientSessions.get({ client_session_id: unknownId }),
        () => seam.clientSessions.delete({ client_session_id: unknownId }),
      ],
      acs_credential_not_found: [() => seam.acs.credentials.get({ acs_credential_id: unknownId })],
      action_attempt_not_found: [() => seam.actionAttempts.get({ action_attempt_id: unknownId })],
    }
    for (const [code, calls] of Object.entries(missing)) {
      for (const call of calls) await apiError(sdk, call(), 404, code)
    }
  })

  await step("takes another workspace's phone for one that never was", async () => {
    const { user_identity_id } = await seam.userIdentities.create({ full_name: 'Neighbour' })
    const { device_id } = await seam.phones.simulate.createSandboxPhone({ user_identity_id })
    const other = new sdk.Seam({ apiKey: otherApiKey, endpoint })
    for (const call of [other.phones.get({ device_id }), other.phones.deactivate({ device_id }), other.devices.get({ device_id })]) {
      const error = await apiError(sdk, call, 404, 'device_not_found')
      assert.equal(error.data.device_id, device_id)
    }
    await apiError(sdk, other.phones.simulate.createSandboxPhone({ user_identity_id }), 404, 'user_identity_not_found')
    assert.deepEqual(await other.phones.list({ owner_user_identity_id: user_identity_id }), [])
    assert.equal((await seam.phones.get({ device_id })).device_id, device_id)
  })

  await step('gives every request an id of its own', async () => {
    const seen = new Set()
    for (let n = 0; n < 3; n += 1) seen.add((await refusal(seam.phones.get({ device_id: unknownId }))).requestId)
    assert.equal(seen.size, 3)
    const answer = await seam.client.get('/workspaces/get')
    assert.ok(isUuid(answer.headers['seam-request-id']))
    assert.equal(answer.data.ok, true)
  })
}
