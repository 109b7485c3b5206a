// The JavaScript SDK, whichever version the argument names: `node js/main.mjs seam-new`.

import { readFileSync } from 'node:fs'
import { errors, workspaces } from './workspaces.mjs'
import { events, paging, webhooks } from './lists.mjs'
import { phoneWorkflow } from './phones.mjs'
import { clientSessions, publishable } from './sessions.mjs'
import { Suite } from './steps.mjs'
import { accessToken, apiKey, consoleSession, endpoint, workspaceId } from './world.mjs'

const alias = process.argv[2]
const sdk = await import(alias)
const { version } = JSON.parse(readFileSync(new URL(`../node_modules/${alias}/package.json`, import.meta.url)))
const suite = new Suite(`js ${version}`)

const seam = new sdk.Seam({ apiKey, endpoint })
const actors = {
  'api key': seam,
  'personal access token': sdk.Seam.fromPersonalAccessToken(accessToken, workspaceId, { endpoint }),
  'console session': sdk.Seam.fromConsoleSessionToken(consoleSession, workspaceId, { endpoint }),
}

for (const [credential, actor] of Object.entries(actors)) {
  await suite.section(`phones, ${credential}`, (step) => phoneWorkflow(step, { sdk, seam: actor, workspaceId }))
}
await suite.section('client session', (step) => clientSessions(step, { sdk, seam }))
await suite.section('publishable key', (step) => publishable(step, { sdk, seam }))
await suite.section('paging', (step) => paging(step, { sdk, seam }))
await suite.section('webhooks', (step) => webhooks(step, { sdk, seam }))
await suite.section('events', (step) => events(step, { sdk, seam }))
await suite.section('errors', (step) => errors(step, { sdk, seam }))
await suite.section('workspaces', (step) => workspaces(step, { sdk, seam }))
suite.finish()
