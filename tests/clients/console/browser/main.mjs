// The console and the API page in a real browser: Debian's Chromium, driven by playwright-core, judged by axe-core.
// `node main.mjs <binary> <data directory> <folder for screenshots>`; the server's address and keys are in the environment.

import { mkdirSync } from 'node:fs'
import { Suite } from '../../js/steps.mjs'
import { Receiver } from '../../webhooks/receiver.mjs'
import { launch } from './chromium.mjs'
import { accessibility } from './accessibility.mjs'
import { apiPage } from './api_page.mjs'
import { everyPage } from './pages.mjs'
import { lostPhone } from './lost_phone.mjs'
import { World } from './world.mjs'

const [binary, dataDir, screenshots] = process.argv.slice(2)
mkdirSync(screenshots, { recursive: true })

const suite = new Suite('console')
const receiver = await new Receiver().listen()
const chromium = await launch()
const world = await World.make({ binary, dataDir, receiver, chromium, screenshots })

await lostPhone(suite, world)
await everyPage(suite, world)
await accessibility(suite, world)
await apiPage(suite, world)

await chromium.close()
receiver.close()
suite.finish()
