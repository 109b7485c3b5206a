// Calls every route with every method of the server's own API description and holds each answer against the published one.

import assert from 'node:assert/strict'
import { serializeUrlSearchParams } from 'seam-new'
import { Suite } from '../js/steps.mjs'
import { isUuid } from '../js/world.mjs'
import { calls, expected } from './calls.mjs'
import { Description } from './documents.mjs'
import { send, Things } from './things.mjs'

const types = await import(process.argv[2] ?? '@seamapi/types/connect')
const suite = new Suite('schema')

// Seam's clients are served Seam's part of it.
const served = await send('GET', '/openapi.json', { headers: { 'seam-sdk-name': 'handset/tests' } })
const own = new Description('own', served.json)
const published = new Description('published', types.openapi)
const things = new Things()
let callers

const checks = {
  'names every route the clients need': () => {
    assert.deepEqual(expected.filter((path) => !own.operations()[path]), [])
  },
  'names no route that this suite does not call': () => {
    assert.deepEqual(Object.keys(own.operations()).filter((path) => !calls[path]), [])
  },
  'offers every published method of each route, and the same response key': () => {
    const theirs = published.operations()
    for (const [path, methods] of Object.entries(own.operations())) {
      const lacking = (theirs[path] ?? []).filter((method) => !methods.includes(method))
      assert.deepEqual(lacking, [], `methods lacking on ${path}`)
      for (const method of theirs[path] ?? []) assert.equal(own.responseKey(path, method), published.responseKey(path, method), path)
    }
  },
  'has callers to call as': async () => {
    callers = await things.callers()
  },
}
for (const [what, check] of Object.entries(checks)) {
  await suite.section('the description', (step) => step(what, check))
}

const tasks = Object.entries(own.operations()).flatMap(([path, methods]) =>
  methods.flatMap((method) => [
    { path, method, cases: (calls[path] ?? []).filter((call) => !call.last) },
    { path, method, cases: (calls[path] ?? []).filter((call) => call.last), last: true },
  ]),
)
for (const { path, method, cases, last } of tasks.sort((a, b) => Number(Boolean(a.last)) - Number(Boolean(b.last)))) {
  if (callers && cases.length > 0) {
    await suite.section(`${method} ${path}${last ? ', last' : ''}`, async (step) => {
      for (const call of cases) {
        if (call.on && !call.on.includes(method)) continue
        await answers(step, path, method, call)
      }
      if (!last) await refusals(step, path, method)
    })
  }
}
suite.finish()

async function answers(step, path, method, call) {
  const who = call.as ?? 'key'
  const title = call.refused ? `${call.refused.slice(0, 2).join(' ')}${call.refused[2] ? ` for ${call.refused[2]}` : ''}` : '200'
  await step(`${title}, ${who}`, async () => {
    const params = typeof call.with === 'function' ? await call.with(things) : call.with
    const answer = await send(method, path, { headers: callers[who], ...encoded(method, params) })
    if (!call.refused) return granted(path, method, answer)
    const error = refused(answer, call.refused[0], call.refused[1])
    if (call.refused[2]) {
      const node = error.validation_errors?.[call.refused[2]]
      assert.ok(node?._errors?.length > 0, `no message under ${call.refused[2]}: ${JSON.stringify(error)}`)
    }
  })
}

function granted(path, method, answer) {
  assert.equal(answer.status, 200, JSON.stringify(answer.json))
  if (answer.stream) return assert.ok(own.isStream(path, method), `${path} is not described as a stream`)
  assert.equal(answer.json.ok, true)
  headed(answer)
  for (const description of [published, own]) {
    const faults = description.faults(path, method, answer.json)
    assert.deepEqual(faults ?? [], [], JSON.stringify(answer.json))
  }
}

/** What every route does with calls it cannot serve, whatever it is for. */
async function refusals(step, path, method) {
  const open = path.startsWith('/health') || path.startsWith('/seam/instant_key/')
  if (!open) {
    await step('401 without credentials', async () => {
      refused(await send(method, path, encoded(method, {})), 401, 'unauthorized')
    })
  }
  if (method !== 'POST') return
  const caller = headersFor(path)
  await step('405 for other methods', async () => {
    const taken = own.operations()[path]
    const other = ['PUT', 'PATCH', 'DELETE'].find((candidate) => !taken.includes(candidate))
    const error = refused(await send(other, path, { headers: caller }), 405, 'method_not_allowed')
    const accepted = error.message.match(/^only ([A-Z,]+) accepted$/)?.[1].split(',')
    for (const name of taken) assert.ok(accepted?.includes(name), error.message)
  })
  await step('400 for a body that is not JSON, or not called so', async () => {
    const broken = await send('POST', path, { headers: caller, body: '{"device_id": ' })
    assert.equal(broken.status, 400)
    refused(broken, 400, broken.json.error.type)
    const mislabelled = await send('POST', path, { headers: { ...caller, 'content-type': 'text/plain' }, body: '{"a": 1}' })
    refused(mislabelled, 400, 'invalid_content_type')
  })
}

function refused(answer, status, type) {
  const { error, ok } = answer.json
  assert.equal(answer.status, status, JSON.stringify(answer.json))
  assert.equal(error?.type, type, JSON.stringify(answer.json))
  assert.equal(ok, false)
  assert.equal(typeof error.message, 'string')
  assert.ok(error.message.length > 0)
  headed(answer)
  assert.equal(error.request_id, answer.headers.get('seam-request-id'))
  if (type === 'invalid_input') isTree(error.validation_errors)
  return error
}

function headed({ headers }) {
  assert.match(headers.get('content-type'), /^application\/json/)
  assert.ok(isUuid(headers.get('seam-request-id')), `request id ${headers.get('seam-request-id')}`)
}

/** Every node of the tree of messages has a list of its own; the clients read it without looking first. */
function isTree(node) {
  const { _errors, ...children } = node
  assert.ok(Array.isArray(_errors) && _errors.every((message) => typeof message === 'string'), JSON.stringify(node))
  Object.values(children).forEach(isTree)
}

function encoded(method, params) {
  if (method !== 'GET' && method !== 'DELETE') return { body: params }
  return { query: serializeUrlSearchParams(params) }
}

function headersFor(path) {
  if (path === '/workspaces/create') return callers.member
  if (path === '/user_identities/set_password') return callers.console
  if (path.startsWith('/seam/mobile_sdk/')) return callers.session
  return callers.key
}
