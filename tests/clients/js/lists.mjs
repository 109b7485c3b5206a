// Paging, webhooks, and the events that lists are about.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { apiError, ids, invalidInput, isUuid, sameMembers, unique, unknownId } from './world.mjs'

export async function paging(step, { sdk, seam }) {
  const people = await step('makes enough of everything to need pages', async () => {
    const people = []
    for (let n = 0; n < 5; n += 1) {
      const person = await seam.userIdentities.create({ user_identity_key: unique('paged') })
      const { user_identity_id } = person
      await seam.phones.simulate.createSandboxPhone({ user_identity_id })
      await seam.acs.credentials.create({
        user_identity_id,
        credential_manager_acs_system_id: unknownId.replace('8000', '8001'),
        access_method: 'mobile_key',
      })
      people.push(person)
    }
    return people
  })

  const routes = {
    'people': [(params) => seam.userIdentities.list(params), 'user_identity_id'],
    'devices': [(params) => seam.devices.list(params), 'device_id'],
    'credentials': [(params) => seam.acs.credentials.list(params), 'acs_credential_id'],
  }

  for (const [noun, [list, key]] of Object.entries(routes)) {
    await step(`pages through ${noun} without loss or repetition`, async () => {
      const whole = ids(await list({}), key)
      assert.ok(whole.length >= 5)
      const paged = ids(await seam.createPaginator(list({ limit: 2 })).flattenToArray(), key)
      assert.deepEqual(paged, whole)
      const sizes = []
      for await (const page of seam.createPaginator(list({ limit: 2 }))) sizes.push(page.length)
      assert.ok(sizes.slice(0, -1).every((size) => size === 2), `page sizes ${sizes}`)
    })
  }

  await step('walks pages by hand', async () => {
    const paginator = seam.createPaginator(seam.userIdentities.list({ limit: 2 }))
    const [first, { hasNextPage, nextPageCursor, nextPageUrl }] = await paginator.firstPage()
    assert.equal(first.length, 2)
    assert.equal(hasNextPage, true)
    assert.equal(new URL(nextPageUrl).searchParams.get('page_cursor'), nextPageCursor)
    const [second] = await paginator.nextPage(nextPageCursor)
    assert.equal(new Set(ids([...first, ...second], 'user_identity_id')).size, 4)
  })

  await step('has a last page that says so', async () => {
    const paginator = seam.createPaginator(seam.userIdentities.list({ user_identity_ids: ids(people, 'user_identity_id') }))
    const [page, { hasNextPage, nextPageCursor }] = await paginator.firstPage()
    sameMembers(ids(page, 'user_identity_id'), ids(people, 'user_identity_id'))
    assert.equal(hasNextPage, false)
    assert.equal(nextPageCursor, null)
  })

  await step('refuses a cursor of another question', async () => {
    const [, { nextPageCursor }] = await seam.createPaginator(seam.userIdentities.list({ limit: 2 })).firstPage()
    await apiError(sdk, seam.userIdentities.list({ limit: 3, page_cursor: nextPageCursor }), 400, 'mismatched_page_parameters')
    await invalidInput(sdk, seam.userIdentities.list({ page_cursor: 'not a cursor' }))
  })
}

export async function webhooks(step, { sdk, seam }) {
  const url = `https://example.com/${unique('hook')}`

  const webhook = await step('creates a webhook for one kind of event', async () => {
    const it = await seam.webhooks.create({ url, event_types: ['phone.deactivated'] })
    assert.equal(it.url, url)
    assert.deepEqual(it.event_types, ['phone.deactivated'])
    return it
  })
  const { webhook_id } = webhook

  await step('gives a secret that verifies a signed delivery', async () => {
    assert.match(webhook.secret, /^whsec_/)
    const event = { event_id: unknownId, event_type: 'phone.deactivated' }
    const payload = JSON.stringify(event)
    const timestamp = String(Math.floor(Date.now() / 1000))
    const key = Buffer.from(webhook.secret.replace('whsec_', ''), 'base64')
    const signature = createHmac('sha256', key).update(`msg_1.${timestamp}.${payload}`).digest('base64')
    const headers = { 'svix-id': 'msg_1', 'svix-timestamp': timestamp, 'svix-signature': `v1,${signature}` }
    assert.deepEqual(new sdk.SeamWebhook(webhook.secret).verify(payload, headers), event)
  })

  await step('defaults to every event', async () => {
    const all = await seam.webhooks.create({ url })
    assert.deepEqual(all.event_types, ['*'])
    await seam.webhooks.delete({ webhook_id: all.webhook_id })
  })

  await step('gets, lists and updates the webhook', async () => {
    assert.equal((await seam.webhooks.get({ webhook_id })).url, url)
    assert.ok(ids(await seam.webhooks.list(), 'webhook_id').includes(webhook_id))
    await seam.webhooks.update({ webhook_id, event_types: ['phone.deactivated', 'client_session.deleted'] })
    const now = await seam.webhooks.get({ webhook_id })
    assert.deepEqual(now.event_types, ['phone.deactivated', 'client_session.deleted'])
    assert.equal(now.url, url)
  })

  await step('refuses events that do not exist and addresses that are none', async () => {
    await apiError(sdk, seam.webhooks.create({ url, event_types: ['phone.exploded'] }), 400, 'invalid_event_types')
    const error = await invalidInput(sdk, seam.webhooks.create({ url: 'nowhere' }))
    assert.deepEqual(error.getValidationErrorMessages('url'), ['Invalid url'])
  })

  await step('deletes the webhook', async () => {
    await seam.webhooks.delete({ webhook_id })
    await apiError(sdk, seam.webhooks.get({ webhook_id }), 404, 'webhook_not_found')
    assert.ok(!ids(await seam.webhooks.list(), 'webhook_id').includes(webhook_id))
  })
}

export async function events(step, { sdk, seam }) {
  await step('wants a bound in time, and only one', async () => {
    const now = new Date().toISOString()
    const none = await invalidInput(sdk, seam.events.list({ event_type: 'phone.deactivated' }))
    assert.match(none.message, /Must specify either since or between/)
    const both = await invalidInput(sdk, seam.events.list({ since: '2020-01-01', between: ['2020-01-01', now] }))
    assert.match(both.message, /Cannot specify both since and between/)
    const reversed = await invalidInput(sdk, seam.events.list({ between: [now, '2020-01-01'] }))
    assert.deepEqual(reversed.getValidationErrorMessages('between'), ['second value must be greater than first value'])
    const nonsense = await invalidInput(sdk, seam.events.list({ since: 'last tuesday or so' }))
    assert.deepEqual(nonsense.getValidationErrorMessages('since'), ['Must be parsable date string if defined'])
  })

  await step('understands bounds of every precision', async () => {
    for (const since of ['2020-01-01', '2020-01-01T00:00:00Z', '2020-01-01T00:00:00.123456Z', '2020-01-01T02:00:00+02:00']) {
      assert.ok(Array.isArray(await seam.events.list({ since, limit: 1 })))
    }
  })

  await step('lists in the order of time, and no more than asked', async () => {
    const all = await seam.events.list({ since: '2020-01-01' })
    const times = all.map((event) => Date.parse(event.created_at))
    assert.deepEqual(times, [...times].sort((a, b) => a - b))
    assert.ok(all.length > 0)
    assert.deepEqual(await seam.events.list({ since: '2020-01-01', limit: 1 }), all.slice(0, 1))
    for (const event of all) assert.ok(isUuid(event.event_id))
  })
}
