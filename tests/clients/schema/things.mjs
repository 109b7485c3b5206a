// Callers and the things calls are about, made afresh for each call so that no call depends on another.

import {
  accessToken, apiKey, consoleSession, endpoint, productionApiKey, publishableKey, unique, unknownId, workspaceId,
} from '../js/world.mjs'

export async function send(method, path, { headers = {}, query, body } = {}) {
  const url = `${endpoint}${path}${query ? `?${query}` : ''}`
  const response = await fetch(url, {
    method,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  })
  // A stream has no end: that it has begun is the answer.
  if (response.headers.get('content-type') === 'text/event-stream') {
    await response.body.cancel()
    return { status: response.status, headers: response.headers, stream: true }
  }
  const text = await response.text()
  let json
  try {
    json = JSON.parse(text)
  } catch {
    throw new Error(`${method} ${path} answered ${response.status} with something that is not JSON: ${text.slice(0, 300)}`)
  }
  return { status: response.status, headers: response.headers, json }
}

const bearer = (token) => ({ authorization: `Bearer ${token}` })

export class Things {
  #session

  async callers() {
    this.#session = await this.session()
    return {
      key: bearer(apiKey),
      member: bearer(accessToken),
      console: { ...bearer(consoleSession), 'seam-workspace': workspaceId },
      production: bearer(productionApiKey),
      publishable: { 'seam-publishable-key': publishableKey },
      session: { ...bearer(this.#session.token), 'client-session-token': this.#session.token },
      anonymous: {},
    }
  }

  person() {
    return this.#make('/user_identities/create', { user_identity_key: unique('person'), full_name: 'Some One' }, 'user_identity')
  }

  async phone(owner) {
    const user_identity_id = owner ?? (await this.person()).user_identity_id
    const phone = await this.#make('/phones/simulate/create_sandbox_phone', { user_identity_id }, 'phone')
    return { ...phone, owner: user_identity_id }
  }

  phoneOfSession() {
    return this.phone(this.#session.user_identity_id)
  }

  async deactivatedPhone() {
    const phone = await this.phone()
    await this.#make('/phones/deactivate', { device_id: phone.device_id })
    return phone
  }

  async event() {
    const { device_id } = await this.deactivatedPhone()
    const events = await this.#make('/events/list', { since: '2020-01-01', event_type: 'phone.deactivated', device_id }, 'events')
    return events[0]
  }

  webhook() {
    return this.#make('/webhooks/create', { url: `https://example.com/${unique('hook')}` }, 'webhook')
  }

  async delivery() {
    const { webhook_id } = await this.webhook()
    return this.#make('/webhooks/ping', { webhook_id }, 'webhook_delivery')
  }

  async session() {
    const { user_identity_id } = await this.person()
    return this.#make('/client_sessions/create', { user_identifier_key: unique('app'), user_identity_id }, 'client_session')
  }

  async credentialParams() {
    const { user_identity_id } = await this.person()
    return { user_identity_id, credential_manager_acs_system_id: unknownId.replace('8000', '8001'), access_method: 'mobile_key' }
  }

  async credential() {
    return this.#make('/acs/credentials/create', await this.credentialParams(), 'acs_credential')
  }

  async unassignedCredential() {
    const { acs_credential_id, user_identity_id } = await this.credential()
    await this.#make('/acs/credentials/unassign', { acs_credential_id, user_identity_id })
    return { acs_credential_id }
  }

  async disconnectedPhone() {
    const { device_id } = await this.phone()
    await this.#make('/devices/simulate/disconnect', { device_id })
    return { device_id }
  }

  async instantKey() {
    const { user_identity_id } = await this.person()
    return this.#make('/user_identities/generate_instant_key', { user_identity_id }, 'instant_key')
  }

  actionAttempt() {
    return this.#make('/workspaces/reset_sandbox', {}, 'action_attempt')
  }

  async #make(path, body, key) {
    const { status, json } = await send('POST', path, { headers: bearer(apiKey), body })
    if (status !== 200) throw new Error(`could not prepare: POST ${path} answered ${status} ${JSON.stringify(json)}`)
    return key ? json[key] : json
  }
}
