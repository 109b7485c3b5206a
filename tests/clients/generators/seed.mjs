// Causes an event of every type in the workspace of the suite, and leaves two phones there.
// `node seed.mjs <data directory>`: events that take days or a failing webhook are written into the log as the server writes
// them, through the socket of its private Postgres.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const [dataDir] = process.argv.slice(2)
const document = JSON.parse(readFileSync(new URL('../../../openapi.json', import.meta.url), 'utf8'))
const types = Object.keys(document.components.schemas.Event.discriminator.mapping)
const { CLIENTS_ENDPOINT, CLIENTS_API_KEY, CLIENTS_WORKSPACE_ID } = process.env

async function call(method, path, body) {
  const response = await fetch(CLIENTS_ENDPOINT + path, {
    method,
    headers: { authorization: `Bearer ${CLIENTS_API_KEY}`, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text ? JSON.parse(text) : undefined
}
const post = (path, body) => call('POST', path, body)

const { user_identity } = await post('/user_identities/create', { full_name: 'Jane Doe' })
const { user_identity_id } = user_identity
// A number is of one workspace at a time.
const number = () => `+3467${Math.floor(Math.random() * 1e7).toString().padStart(7, '0')}`
const phones = []
for (let count = 0; count < 4; count++) {
  phones.push((await post('/phones/simulate/create_sandbox_phone', { user_identity_id })).phone)
}
await post('/phones/update', { device_id: phones[0].device_id, nickname: 'Front desk' })
const credential = async () =>
  (await post('/acs/credentials/create', { access_method: 'mobile_key', user_identity_id, is_multi_phone_sync_credential: true }))
    .acs_credential.acs_credential_id
await credential()
await post('/acs/credentials/delete', { acs_credential_id: await credential() })
await post('/phones/deactivate', { device_id: phones[2].device_id })
await post('/devices/simulate/disconnect', { device_id: phones[0].device_id })
await post('/devices/simulate/connect', { device_id: phones[0].device_id })
await post('/devices/simulate/remove', { device_id: phones[3].device_id })
const { client_session } = await post('/client_sessions/create', { user_identity_ids: [user_identity_id] })
await post('/client_sessions/delete', { client_session_id: client_session.client_session_id })
const { webhook } = await post('/webhooks/create', { url: 'https://example.com/webhooks', event_types: ['webhook.ping'] })
await post('/webhooks/ping', { webhook_id: webhook.webhook_id })
const imported = await post('/v1/phone/import', { phone_number: number() })
await call('DELETE', `/v1/phone/${imported.id}`)
const reserved = await post('/v1/phone/reserve', { number: number() })
await post(`/v1/phone/${reserved.id}/assign`, {})
await call('DELETE', `/v1/phone/${reserved.id}`)

const filter = { since: '2000-01-01T00:00:00Z', event_types: types }
const caused = new Set((await post('/events/list', filter)).events.map((event) => event.event_type))
const later = {
  'phone_number.released': { register_id: imported.id, number: imported.number },
  'phone_number.finished': { register_id: reserved.id, number: reserved.number },
  'webhook.disabled': { webhook_id: webhook.webhook_id },
}
for (const type of types.filter((type) => !caused.has(type))) {
  if (!later[type]) throw new Error(`nothing causes ${type}`)
  const sql = `insert into event (workspace_id, event_id, event_type, is_opt_in, created_at, occurred_at, details)
    select workspace_id, gen_random_uuid(), '${type}', true, last_at + interval '1 millisecond', now(), '${JSON.stringify(later[type])}'
    from event_clock where workspace_id = '${CLIENTS_WORKSPACE_ID}';
    update event_clock set last_at = last_at + interval '1 millisecond' where workspace_id = '${CLIENTS_WORKSPACE_ID}'`
  execFileSync('psql', [process.env.DATABASE_URL ?? `host=${join(dataDir, 'run')} user=handset dbname=postgres`, '-qc', sql], { stdio: 'inherit' })
}
