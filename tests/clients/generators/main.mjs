// One generator of clients: makes a client from the committed document, compiles it, and reads phones and events of every
// type from the server with it.
//
//   node main.mjs <generator> <folder to work in>

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { generators } from './generators.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const [name, work] = process.argv.slice(2)
const document = JSON.parse(readFileSync(join(here, '../../../openapi.json'), 'utf8'))
const eventTypes = Object.keys(document.components.schemas.Event.discriminator.mapping)
const generator = generators[name]
if (!generator) throw new Error(`there is no generator ${name}; known are ${Object.keys(generators).join(', ')}`)

/** Model names that a generator makes up where a schema has no name. */
const madeUp = /(one|any|all)of\d*$|inner$|response\d+$|\d{3}response|inline|type\d+$|parametervalue$|\d$/i
const mostMadeUp = 0.1

function step(what, act) {
  const start = Date.now()
  const result = act()
  console.log(`ok     ${name} | ${what} (${((Date.now() - start) / 1000).toFixed(1)} s)`)
  return result
}

function fail(message) {
  console.error(`FAILED ${name} | ${message}`)
  process.exit(1)
}

/** Runs a program to its end and gives all that it printed. */
function run([program, ...words], options = {}) {
  const done = spawnSync(program, words, { cwd: work, encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  const printed = `${done.stdout}${done.stderr}`
  if (done.error || done.status !== 0) {
    fail(`${program} ${words.join(' ')}: ${done.error ?? `exit ${done.status}`}\n${printed.slice(-4000)}`)
  }
  return { printed, stdout: done.stdout }
}

rmSync(work, { recursive: true, force: true })
mkdirSync(work, { recursive: true })
const tools = { here, work, run, cpSync, existsSync, writeFileSync, document: join(here, '../../../openapi.json') }

const warnings = step('generates', () => {
  const printed = generator.generate(tools)
  const lines = printed.split('\n').filter((line) => /warn|error/i.test(line) && !/ INFO /.test(line))
  return lines.filter((line) => !generator.warnings.some((known) => known.test(line)))
})
if (warnings.length > 0) fail(`unknown warnings:\n${[...new Set(warnings)].slice(0, 20).join('\n')}`)

const models = generator.models(tools)
const odd = models.filter((model) => madeUp.test(model.replaceAll('_', '')))
if (models.length < 100 && generator.hasModels !== false) fail(`only ${models.length} models`)
if (odd.length > models.length * mostMadeUp) fail(`${odd.length} of ${models.length} model names are made up: ${odd.join(' ')}`)
console.log(`ok     ${name} | ${odd.length} of ${models.length} model names are made up`)

step('compiles', () => generator.compile(tools))

step('reads phones and events of every type', () => {
  const { CLIENTS_ENDPOINT, CLIENTS_API_KEY, PATH, HOME, PYTHONDONTWRITEBYTECODE } = process.env
  const env = {
    ...{ CLIENTS_ENDPOINT, CLIENTS_API_KEY, PATH, HOME, PYTHONDONTWRITEBYTECODE },
    CLIENTS_EVENT_TYPES: eventTypes.join(','),
    CLIENTS_SINCE: '2000-01-01T00:00:00Z',
    ...generator.env?.(tools),
  }
  const lines = run(generator.reader(tools), { env }).stdout.trim().split('\n')
  const phones = lines.find((line) => line.startsWith('phones '))
  if (!(Number(phones?.slice(7)) >= 2)) fail(`too few phones: ${phones}`)
  const read = new Set(lines.filter((line) => line.startsWith('event ')).map((line) => line.slice(6)))
  const missing = eventTypes.filter((type) => !read.has(type))
  const unknown = [...read].filter((type) => !eventTypes.includes(type))
  if (missing.length + unknown.length > 0) fail(`missing ${missing.join(' ')}, unknown ${unknown.join(' ')}`)
})
