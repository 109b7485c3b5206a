// Makes the workspaces and credentials of one suite with the server's own administration commands, and prints them as NAME=value lines.
// `node provision.mjs <binary> <data directory> <name of the suite>`

import { execFileSync } from 'node:child_process'

const [binary, dataDir, suite] = process.argv.slice(2)

function handset(...words) {
  const line = [...words, '--data-dir', dataDir, '--json']
  try {
    return JSON.parse(execFileSync(binary, line, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }))
  } catch (error) {
    console.error(`${binary} ${line.join(' ')}: ${error.message}`)
    process.exit(1)
  }
}

const home = handset('workspace', 'create', suite, '--sandbox')
const other = handset('workspace', 'create', `${suite}, next door`, '--sandbox')
const production = handset('workspace', 'create', `${suite}, production`)
const of = (workspace) => ['--workspace', workspace.workspace_id]

const key = handset('key', 'create', ...of(home))
const world = {
  CLIENTS_WORKSPACE_ID: home.workspace_id,
  CLIENTS_PUBLISHABLE_KEY: home.publishable_key,
  CLIENTS_API_KEY: key.api_key,
  CLIENTS_API_KEY_ID: key.api_key_id,
  CLIENTS_OTHER_API_KEY: handset('key', 'create', ...of(other)).api_key,
  CLIENTS_PRODUCTION_API_KEY: handset('key', 'create', ...of(production)).api_key,
  CLIENTS_ACCESS_TOKEN: handset('token', 'create', ...of(home)).access_token,
  CLIENTS_SCIM_TOKEN: handset('scim-token', 'create', ...of(home)).scim_token,
  CLIENTS_CONSOLE_SESSION: handset('console-session', 'create', ...of(home)).console_session_token,
}
for (const [name, value] of Object.entries(world)) {
  if (!value) throw new Error(`the server gave nothing for ${name}`)
  console.log(`${name}=${value}`)
}
