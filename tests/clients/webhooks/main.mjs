// What the server sends, judged by those who have to trust it: the verifiers of the SDKs, old and new, and Svix's own.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Seam, SeamWebhook } from 'seam-new'
import { Seam as OldSeam, SeamWebhook as OldSeamWebhook } from 'seam-old'
import { send } from '../schema/things.mjs'
import { Suite } from '../js/steps.mjs'
import { apiKey, endpoint } from '../js/world.mjs'
import { Receiver } from './receiver.mjs'

const suite = new Suite('webhooks')
const seam = new Seam({ apiKey, endpoint })
const receiver = await new Receiver().listen()
const messages = []

const extension = async (path, body) => {
  const { status, json } = await send('POST', path, { headers: { authorization: `Bearer ${apiKey}` }, body })
  assert.equal(status, 200, JSON.stringify(json))
  return json
}

async function lose() {
  const { user_identity_id } = await seam.userIdentities.create({ full_name: 'Zoë “Łódź” 電話' })
  const phone = await seam.phones.simulate.createSandboxPhone({ user_identity_id })
  await seam.devices.update({ device_id: phone.device_id, custom_metadata: { place: 'Łódź “center” </script> 電話 🔑', spare: true } })
  await seam.phones.deactivate({ device_id: phone.device_id })
  return receiver.hears(`the end of ${phone.device_id}`, (event) => event.device_id === phone.device_id)
}

/** Whether this version of the JavaScript verifier takes a message. */
function isTaken(Verifier, secret, { body, headers }) {
  try {
    new Verifier(secret).verify(body, headers)
    return true
  } catch (error) {
    assert.match(error.constructor.name, /WebhookVerificationError/, error.stack)
    return false
  }
}

/** What the Python verifiers are shown, too. */
function keep(what, message, secrets) {
  messages.push({ what, ...message, secrets })
  for (const [secret, isGood] of secrets) {
    for (const Verifier of [SeamWebhook, OldSeamWebhook]) assert.equal(isTaken(Verifier, secret, message), isGood, what)
  }
}

await suite.section(`npm @seamapi/webhook ${versions().join(' and ')}`, async (step) => {
  const foreign = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
  const webhook = await step('creates a webhook on this machine', () =>
    seam.webhooks.create({ url: receiver.url, event_types: ['phone.deactivated'] }),
  )
  const { webhook_id } = webhook

  await step('trusts the bytes that arrive, and reads the event that the API shows', async () => {
    const message = await lose()
    assert.equal(message.headers['content-type'], 'application/json')
    keep('a first message', message, [[webhook.secret, true], [foreign, false]])
    const event = new SeamWebhook(webhook.secret).verify(message.body, message.headers)
    assert.deepEqual(event, await seam.events.get({ event_id: event.event_id }))
    assert.equal(event.device_custom_metadata.place, 'Łódź “center” </script> 電話 🔑')
  })

  await step('trusts no byte that was changed, and no message of another time', async () => {
    const [{ body, headers }] = receiver.heard
    const verifier = new SeamWebhook(webhook.secret)
    assert.throws(() => verifier.verify(body.replace('phone.deactivated', 'phone.activated!!'), headers))
    const late = { ...headers, 'svix-timestamp': String(Number(headers['svix-timestamp']) - 1) }
    assert.throws(() => verifier.verify(body, late))
    assert.throws(() => verifier.verify(body, { ...headers, 'svix-id': 'msg_other' }))
  })

  await step('reads the headers of Standard Webhooks as well', async () => {
    const [{ body, headers }] = receiver.heard
    const standard = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('svix-')))
    new SeamWebhook(webhook.secret).verify(body, standard)
  })

  const rotated = await step('rotates the secret, and both verify', async () => {
    const { webhook: rotated } = await extension('/webhooks/rotate_secret', { webhook_id })
    assert.notEqual(rotated.secret, webhook.secret)
    const message = await lose()
    keep('during a rotation', message, [[rotated.secret, true], [webhook.secret, true], [foreign, false]])
    return rotated
  })

  await step('after a second rotation the first secret is no longer good', async () => {
    const { webhook: again } = await extension('/webhooks/rotate_secret', { webhook_id })
    const message = await lose()
    keep('after two rotations', message, [[again.secret, true], [rotated.secret, true], [webhook.secret, false]])
    Object.assign(rotated, again)
  })

  await step('pings, and lists what came of it', async () => {
    const { webhook_delivery: ping } = await extension('/webhooks/ping', { webhook_id })
    const message = await receiver.hears('the ping', (event) => event.event_id === ping.event_id)
    keep('a ping', message, [[rotated.secret, true], [foreign, false]])
    const listed = await delivered(ping.delivery_id)
    assert.equal(listed.response_status, 204)
    assert.equal(listed.attempt_count, 1)
  })

  await step('sends again what was delivered, under the same id and signed anew', async () => {
    const { webhook_deliveries } = await extension('/webhooks/list_deliveries', { webhook_id })
    const first = webhook_deliveries.at(-1)
    const { redelivering_count } = await extension('/webhooks/redeliver', { delivery_id: first.delivery_id })
    assert.equal(redelivering_count, 1)
    const isFirst = ({ event_id }) => event_id === first.event_id
    const [before] = receiver.heard.splice(0).filter(({ body }) => isFirst(JSON.parse(body)))
    const message = await receiver.hears('the first event again', isFirst)
    assert.equal(message.body, before.body)
    assert.equal(message.headers['svix-id'], before.headers['svix-id'])
    keep('a repetition', message, [[rotated.secret, true], [webhook.secret, false]])
  })

  await step('is understood by the old SDK, too', async () => {
    const old = new OldSeam({ apiKey, endpoint })
    const { secret } = await old.webhooks.get({ webhook_id })
    assert.equal(secret, rotated.secret)
  })

  async function delivered(delivery_id) {
    for (const end = Date.now() + 30_000; Date.now() < end; ) {
      const { webhook_deliveries } = await extension('/webhooks/list_deliveries', { webhook_id, status: 'delivered' })
      const found = webhook_deliveries.find((delivery) => delivery.delivery_id === delivery_id)
      if (found) return found
    }
    throw new Error(`${delivery_id} is never recorded as delivered`)
  }
})

for (const python of process.argv.slice(2)) {
  await suite.section('python', (step) =>
    step(`SeamWebhook and svix of ${python.split('/').at(-3)} judge the same`, () => {
      assert.ok(messages.length >= 5, 'there is something to judge')
      const verify = new URL('verify.py', import.meta.url).pathname
      const said = execFileSync(python, [verify], { input: JSON.stringify(messages), encoding: 'utf8' })
      assert.match(said, /^seam \d.*, svix \d/)
    }),
  )
}
receiver.close()
suite.finish()

/** Of the verifiers that the SDKs themselves load. */
function versions() {
  return ['seam-new', 'seam-old'].map((sdk) => {
    const home = createRequire(new URL(`../node_modules/${sdk}/package.json`, import.meta.url))
    const manifest = home.resolve.paths('@seamapi/webhook').map((dir) => `${dir}/@seamapi/webhook/package.json`)
    for (const path of manifest) {
      try {
        return JSON.parse(readFileSync(path)).version
      } catch {
        // Further up.
      }
    }
    throw new Error(`${sdk} ships no verifier`)
  })
}
