// The official command line, reading the commands it offers from the server's own API description.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Suite } from '../js/steps.mjs'
import { argumentsOf, callOf, isInScope, namespaces, outOfScope } from '../methods/calls.mjs'
import { accessToken, apiKey, endpoint, ids, isUuid, unique, unknownId, workspaceId } from '../js/world.mjs'

const installed = new URL('../node_modules/@seamapi/cli/', import.meta.url)
const { version } = JSON.parse(await readFile(new URL('package.json', installed)))
const home = await mkdtemp(join(tmpdir(), 'handset-cli-'))

/** Runs one command and gives what it printed, parsed, with its exit code. */
function seam(token, ...words) {
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    XDG_CONFIG_HOME: home,
    XDG_CACHE_HOME: home,
    SEAM_CLI_TOKEN: token,
    SEAM_CLI_ENDPOINT: endpoint,
    SEAM_CLI_WORKSPACE_ID: workspaceId,
  }
  const line = [new URL('bin/cli.js', installed).pathname, ...words, '--remote-schema', '-y', '--json']
  return new Promise((resolve) => {
    const child = execFile(process.execPath, line, { env }, (error, stdout, stderr) => {
      let out = null
      try {
        out = JSON.parse(stdout)
      } catch {
        // Nothing on stdout: the command was refused before any request.
      }
      resolve({ code: error ? error.code : 0, out, stderr })
    })
    child.stdin.end()
  })
}

async function succeed(token, ...words) {
  const { code, out, stderr } = await seam(token, ...words)
  assert.equal(code, 0, `seam ${words.join(' ')} ended with ${code}\n${JSON.stringify(out)}\n${stderr}`)
  return out
}

async function fail(token, type, ...words) {
  const { code, out, stderr } = await seam(token, ...words)
  assert.equal(code, 1, stderr)
  assert.equal(out?.error?.type, type, `${JSON.stringify(out)}\n${stderr}`)
  return out.error
}

async function phones(step, token) {
  const key = unique('cli')

  const person = await step('user-identities create, get, list', async () => {
    const { user_identity } = await succeed(token, 'user-identities', 'create', '--user-identity-key', key, '--full-name', 'Grace')
    assert.equal(user_identity.user_identity_key, key)
    const [got, listed] = await Promise.all([
      succeed(token, 'user-identities', 'get', '--user-identity-key', key),
      succeed(token, 'user-identities', 'list', '--search', key, '--limit', '5'),
    ])
    assert.deepEqual(got.user_identity, user_identity)
    assert.deepEqual(ids(listed.user_identities, 'user_identity_id'), [user_identity.user_identity_id])
    assert.equal(listed.pagination.has_next_page, false)
    return user_identity
  })
  const { user_identity_id } = person

  const phone = await step('phones simulate create-sandbox-phone', async () => {
    const body = JSON.stringify({ user_identity_id, phone_metadata: { operating_system: 'ios', device_model: 'iPhone 16' } })
    const { phone } = await succeed(token, 'phones', 'simulate', 'create-sandbox-phone', '--raw', body)
    assert.equal(phone.device_type, 'ios_phone')
    return phone
  })
  const { device_id } = phone

  await step('phones list, phones get, devices list', async () => {
    const [owned, everywhere, got, listed] = await Promise.all([
      succeed(token, 'phones', 'list', '--owner-user-identity-id', user_identity_id),
      succeed(token, 'phones', 'list'),
      succeed(token, 'phones', 'get', '--device-id', device_id),
      succeed(token, 'devices', 'list', '--device-ids', device_id, '--device-type', 'ios_phone'),
    ])
    assert.deepEqual(owned.phones, [phone])
    assert.ok(ids(everywhere.phones, 'device_id').includes(device_id))
    assert.deepEqual(got.phone, phone)
    assert.deepEqual(ids(listed.devices, 'device_id'), [device_id])
  })

  await step('devices update', async () => {
    const labels = JSON.stringify({ custom_metadata: { floor: '3', spare: true } })
    assert.deepEqual(await succeed(token, 'devices', 'update', '--device-id', device_id, '--name', 'Reception', '--raw', labels), {})
    const now = (await succeed(token, 'phones', 'get', '--device-id', device_id)).phone
    assert.equal(now.nickname, 'Reception')
    assert.deepEqual(now.custom_metadata, { floor: '3', spare: true })
  })

  await step('phones deactivate', async () => {
    assert.deepEqual(await succeed(token, 'phones', 'deactivate', '--device-id', device_id), {})
    assert.deepEqual(await succeed(token, 'phones', 'deactivate', '--device-id', device_id), {})
    assert.deepEqual((await succeed(token, 'phones', 'list', '--owner-user-identity-id', user_identity_id)).phones, [])
  })

  await step('events list, events get', async () => {
    const { events } = await succeed(token, 'events', 'list', '--device-id', device_id, '--event-type', 'phone.deactivated')
    assert.equal(events.length, 1)
    assert.ok(isUuid(events[0].event_id))
    assert.deepEqual((await succeed(token, 'events', 'get', '--event-id', events[0].event_id)).event, events[0])
  })

  await step('tells an API error on stdout and by its exit code', async () => {
    const [error] = await Promise.all([
      fail(token, 'device_not_found', 'phones', 'get', '--device-id', device_id),
      fail(token, 'invalid_input', 'phones', 'get', '--device-id', 'nope'),
      fail(token, 'user_identity_not_found', 'user-identities', 'get', '--user-identity-id', unknownId),
    ])
    assert.equal(error.data.device_id, device_id)
  })
}

async function membership(step) {
  await step('acts in the workspace it names', async () => {
    const [{ phones }, { workspace }, { workspaces }] = await Promise.all([
      succeed(accessToken, 'phones', 'list'),
      succeed(accessToken, 'workspaces', 'get'),
      succeed(accessToken, 'workspaces', 'list'),
    ])
    assert.ok(Array.isArray(phones))
    assert.equal(workspace.workspace_id, workspaceId)
    assert.ok(ids(workspaces, 'workspace_id').includes(workspaceId))
  })
}

/** Each command of the namespaces that the suites of methods have, once. */
async function methods(step) {
  const response = await fetch(`${endpoint}/openapi.json`, { headers: { 'seam-sdk-name': 'seam-cli' } })
  const { paths } = await response.json()
  const isCommand = (route) => isInScope(route) && !outOfScope[route] && !Object.values(paths[route]).some((it) => it['x-undocumented'])
  const routes = Object.keys(paths).filter(isCommand)
  for (const name of namespaces) {
    await step(`${name}, each command`, async () => {
      const ofNamespace = routes.filter((route) => route.startsWith(`/${name}/`))
      assert.ok(ofNamespace.length > 1, `${ofNamespace.length} commands`)
      // A few at a time: each is a process.
      for (let index = 0; index < ofNamespace.length; index += 4) {
        await Promise.all(ofNamespace.slice(index, index + 4).map(command))
      }
    })
  }
}

async function command(route) {
  const { of, refused } = callOf(route)
  const words = route.slice(1).replaceAll('_', '-').split('/')
  const line = [of === 'account' ? accessToken : apiKey, ...words, '--raw', JSON.stringify(await argumentsOf(route))]
  await (refused ? fail(line[0], refused, ...line.slice(1)) : succeed(...line))
}

async function rest(step) {
  await step('webhooks create, list, delete', async () => {
    const { webhook } = await succeed(apiKey, 'webhooks', 'create', '--url', 'https://example.com/cli', '--event-types', 'phone.deactivated')
    assert.deepEqual(webhook.event_types, ['phone.deactivated'])
    const { webhooks } = await succeed(apiKey, 'webhooks', 'list')
    assert.ok(ids(webhooks, 'webhook_id').includes(webhook.webhook_id))
    assert.deepEqual(await succeed(apiKey, 'webhooks', 'delete', '--webhook-id', webhook.webhook_id), {})
  })

  await step('client-sessions create and list', async () => {
    const { client_session } = await succeed(apiKey, 'client-sessions', 'create', '--user-identifier-key', unique('cli'))
    const listed = await succeed(apiKey, 'client-sessions', 'list', '--client-session-id', client_session.client_session_id)
    assert.deepEqual(ids(listed.client_sessions, 'client_session_id'), [client_session.client_session_id])
  })

  await step('acs credentials list', async () => {
    assert.ok(Array.isArray((await succeed(apiKey, 'acs', 'credentials', 'list')).acs_credentials))
  })

  await step('health get-health', async () => {
    assert.equal((await seam(apiKey, 'health', 'get-health')).code, 0)
  })

  await step('refuses an unknown key', async () => {
    await fail('seam_test1234_aaaaaaaaaaaaaaaaaaaaaaaa', 'unauthorized', 'phones', 'list')
  })

  await step('misses a required parameter before any request', async () => {
    const { code, out, stderr } = await seam(apiKey, 'phones', 'deactivate')
    assert.equal(code, 1)
    assert.equal(out, null)
    assert.match(stderr, /--device-id/)
  })
}

const suite = new Suite(`cli ${version}`)
try {
  await suite.section('api key', (step) => phones(step, apiKey))
  await suite.section('personal access token', (step) => membership(step))
  await suite.section('methods', (step) => methods(step))
  await suite.section('the rest', (step) => rest(step))
  suite.finish()
} finally {
  await rm(home, { recursive: true, force: true })
}
