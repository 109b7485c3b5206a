// The calls of calls.json. Things that they name as `$thing` are made for each call.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { apiKey, endpoint } from '../js/world.mjs'

export const { calls, namespaces, no_requests: noRequests, out_of_scope: outOfScope, things } = JSON.parse(
  readFileSync(new URL('calls.json', import.meta.url)),
)

/** Whether a method of a client is one of the namespaces in `namespaces`. */
export const isInScope = (route) => namespaces.some((name) => route.startsWith(`/${name}/`))

/** The arguments of a call, with new things. */
export async function argumentsOf(route) {
  const made = {}
  const filled = async (value) => {
    if (Array.isArray(value)) return await inOrder(value, filled)
    if (value !== null && typeof value === 'object') {
      const values = await inOrder(Object.values(value), filled)
      return Object.fromEntries(Object.keys(value).map((name, index) => [name, values[index]]))
    }
    if (typeof value !== 'string' || !value.startsWith('$')) return value
    made[value] ??= await make(things[value.slice(1)])
    return made[value]
  }
  const make = async ({ post, with: input, at, gives }) => {
    const answer = post && (await send(post, await filled(input)))
    return gives ? await filled(gives) : at.reduce((value, key) => value[key], answer)
  }
  return await filled(calls[route].with)
}

async function inOrder(items, action) {
  const results = []
  for (const item of items) results.push(await action(item))
  return results
}

async function send(path, body) {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
  const response = await fetch(endpoint + path, { method: 'POST', headers, body: JSON.stringify(body) })
  const json = await response.json()
  assert.equal(response.status, 200, `POST ${path}: ${JSON.stringify(json)}`)
  return json
}

/** Checks that the method of a route has a call or a reason why there is none, and gives the call. */
export function callOf(route) {
  assert.ok(calls[route] ?? outOfScope[route], `a new method: serve ${route}, and add it to methods/calls.json`)
  return calls[route]
}
