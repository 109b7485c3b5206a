// Every method of a JavaScript SDK in the namespaces of calls.json, once: `node methods/js.mjs seam-new`.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Suite } from '../js/steps.mjs'
import { accessToken, apiKey, endpoint } from '../js/world.mjs'
import { argumentsOf, callOf, isInScope, noRequests, outOfScope } from './calls.mjs'

const alias = process.argv[2]
const sdk = await import(alias)
const { version } = JSON.parse(readFileSync(new URL(`../node_modules/${alias}/package.json`, import.meta.url)))
const suite = new Suite(`methods-js ${version}`)

const seam = new sdk.Seam({ apiKey, endpoint, isUndocumentedApiEnabled: true })
const account = sdk.SeamWithoutWorkspace.fromPersonalAccessToken(accessToken, { endpoint })

const snakeCase = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The methods of a client and of the namespaces in it, by route. */
function* methodsOf(client, path = '') {
  for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(client)))) {
    const route = `${path}/${snakeCase(name)}`
    if (get && typeof client[name] === 'object' && name !== 'defaults' && name !== 'client') yield* methodsOf(client[name], route)
    if (value && name !== 'constructor' && !noRequests.includes(snakeCase(name))) yield [route, name, client]
  }
}

const methods = [...methodsOf(seam)].filter(([route]) => isInScope(route))
assert.ok(methods.length > 50, `only ${methods.length} methods are found`)
for (const [route, name, client] of methods) {
  if (outOfScope[route]) continue
  await suite.section(route, async (step) => {
    await step('call', async () => {
      const call = callOf(route)
      const owner = call.of === 'account' ? account.workspaces : client
      const outcome = await owner[name](await argumentsOf(route)).then(() => undefined, (error) => error)
      if (outcome && outcome.code !== call.refused) throw outcome
      assert.equal(outcome?.code, call.refused)
    })
  })
}
suite.finish()
