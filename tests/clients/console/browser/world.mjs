// What the stories find: a workspace with people, phones of hostile names, a webhook, keys and contacts; and operators.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { open } from './chromium.mjs'

export const endpoint = process.env.CLIENTS_ENDPOINT
export const apiKey = process.env.CLIENTS_API_KEY
export const workspaceId = process.env.CLIENTS_WORKSPACE_ID

/** Texts that break pages which escape, cut or lay out wrongly. */
export const hostile = {
  script: '<script>document.title = "taken"; alert(1)</script><img src=x onerror=alert(2)>"\' &amp;',
  rightToLeft: 'שרה \u202Eevil\u202C عبد الرحمن',
  long: `Wolfeschlegelstein${'hausenbergerdorff'.repeat(10)}`,
  wide: '𝕿𝖍𝖊 👩‍👩‍👧‍👦 電話 ﷽',
}

const password = 'a password that is long enough'

async function call(path, body, headers = {}) {
  const response = await fetch(endpoint + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const json = await response.json().catch(() => ({}))
  assert.ok(response.ok, `${path}: ${response.status} ${JSON.stringify(json)}`)
  return json
}

async function list(path) {
  const response = await fetch(endpoint + path, { headers: { authorization: `Bearer ${apiKey}` } })
  return (await response.json()).items
}

export class World {
  static async make(parts) {
    const world = Object.assign(new World(), parts)
    await call('/webhooks/create', { url: parts.receiver.url, event_types: ['phone.deactivated'] })
    for (const [kind, text] of Object.entries(hostile)) {
      const person = await world.person(text, `${kind.toLowerCase()}@example.com`)
      const phone = await world.phone(person, text)
      await call('/acs/credentials/create', { user_identity_id: person, acs_system_id: workspaceId, access_method: 'mobile_key' }).catch(() => {})
      await call('/client_sessions/create', { user_identity_ids: [person], user_identifier_key: text.slice(0, 60) })
      world[kind] = { person, phone }
    }
    const number = await call('/v1/phone/import', { phone_number: `+1425555${String(Date.now()).slice(-4)}` })
    await call(`/v1/phone/${number.id}/assign`, { user_identity_id: world.script.person })
    const [account] = await list('/v4/accounts')
    const [extension] = await list(`/v4/accounts/${account.id}/extensions`)
    await call(`/v4/accounts/${account.id}/extensions/${extension.id}/contacts`, { first_name: hostile.script, last_name: hostile.rightToLeft })
    // One that is off, with a reason that is hostile, too.
    const gone = await world.phone(world.script.person, hostile.script)
    await call('/user_identities/deactivate_phones', { user_identity_id: world.script.person, reason: hostile.script })
    world.script.gone = gone
    world.script.phone = await world.phone(world.script.person, hostile.script)
    return world
  }

  async person(full_name, email_address) {
    const { user_identity } = await call('/user_identities/create', { full_name, email_address })
    return user_identity.user_identity_id
  }

  async phone(user_identity_id, nickname) {
    const { phone } = await call('/phones/simulate/create_sandbox_phone', { user_identity_id })
    if (nickname) await call('/devices/update', { device_id: phone.device_id, name: nickname, custom_metadata: { note: nickname.slice(0, 400) } })
    return phone.device_id
  }

  async isOff(device_id) {
    const response = await fetch(`${endpoint}/phones/get?device_id=${device_id}`, { headers: { authorization: `Bearer ${apiKey}` } })
    return response.status === 404
  }

  handset(...words) {
    const line = [...words, '--data-dir', this.dataDir, '--json']
    return JSON.parse(execFileSync(this.binary, line, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }))
  }

  /** A one-time link for the administrator. */
  link() {
    return this.handset('console', '--url', endpoint).url
  }

  /** The address of an invitation for an operator of the workspace. */
  invitation(email, role) {
    return this.handset('operator', 'add', email, '--workspace', workspaceId, '--role', role, '--url', endpoint).invitation_url
  }

  /** A window in which the administrator of the server has signed in. */
  async administrator(options) {
    const page = await open(this.chromium, endpoint, options)
    await page.goto(this.link())
    await page.getByRole('button', { name: 'Continue to the console' }).click()
    await page.waitForURL(/\/console(\/w\/.*)?$/)
    return page
  }

  /** A window in which an operator has signed in by an invitation. */
  async operator(email, role, options) {
    const page = await open(this.chromium, endpoint, options)
    await page.goto(this.invitation(email, role))
    for (const field of await page.locator('input[type=password]').all()) await field.fill(password)
    await page.locator('main button[type=submit]').click()
    await page.waitForURL(/\/console(\/w\/.*)?$/)
    return page
  }

  async screenshot(page, name) {
    await page.screenshot({ path: `${this.screenshots}/${name}.png` })
  }

  address(path) {
    return `/console/w/${workspaceId}${path}`
  }
}
