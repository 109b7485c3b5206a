// Single sign-on to the console at a real OpenID Connect provider, npm oidc-provider: its discovery, keys, PKCE and user info.
// `node main.mjs <binary> <folder>`

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import Provider from 'oidc-provider'
import { Suite } from '../../js/steps.mjs'
import { Browser } from './browser.mjs'

const [binary, folder] = process.argv.slice(2)
const secret = 'a client secret of at least thirty-two characters'
const users = {
  jane: { email: 'jane@example.com', email_verified: true, groups: ['staff', 'phone-admins'] },
  joe: { email: 'joe@example.com', email_verified: true, groups: [] },
  eve: { email: 'eve@evil.example', email_verified: true, groups: ['others'] },
}

/** A free port, for addresses that two programs must know of each other before they start. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** The provider; claims are in the ID token, or only told at the user info endpoint, as the specification has it. */
async function startProvider(console, conformIdTokenClaims) {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'handset', client_secret: secret, redirect_uris: [`${console}/console/sso/callback`] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    scopes: ['openid', 'email', 'groups'],
    conformIdTokenClaims,
    pkce: { required: () => true },
    cookies: { keys: ['the keys of a test'] },
    findAccount: (_, sub) => users[sub] && { accountId: sub, claims: () => ({ sub, ...users[sub] }) },
  })
  const server = createServer(provider.callback()).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return { issuer, stop: () => server.close() }
}

async function startServer(port, issuer) {
  const server = spawn(
    binary,
    [
      'serve', '--data-dir', folder, '--listen', `127.0.0.1:${port}`, '--oidc-issuer', issuer, '--oidc-client-id', 'handset',
      '--oidc-client-secret', secret, '--oidc-scopes', 'email,groups',
      '--oidc-roles', 'group:phone-admins=admin,domain:example.com=viewer',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, HANDSET_LOG: 'warn' } },
  )
  for await (const line of createInterface({ input: server.stdout })) {
    if (line.startsWith('Listening on ')) break
  }
  return {
    stop: async () => {
      server.kill('SIGTERM')
      if (server.exitCode === null) await once(server, 'exit')
    },
  }
}

/** Signs in at the provider, on its own pages, and returns the response of the console. */
async function signIn(console, user) {
  const browser = new Browser()
  let page = await browser.get(`${console}/console/sso?next=%2Fconsole%2Faccount`)
  for (let turn = 0; turn < 4 && !page.url.startsWith(console); turn += 1) {
    page = await browser.submit(page, { login: user, password: 'any' })
  }
  assert.ok(page.url.startsWith(console), page.url)
  return { browser, page }
}

const suite = new Suite('console-oidc')
for (const conform of [false, true]) {
  const port = await freePort()
  const address = `http://127.0.0.1:${port}`
  const provider = await startProvider(address, conform)
  const server = await startServer(port, provider.issuer)
  try {
    await suite.section(`npm oidc-provider, claims ${conform ? 'told when asked' : 'in the token'}`, async (step) => {
      await step('the sign-in page offers it', async () => {
        const page = await new Browser().get(`${address}/console/sign-in`)
        assert.match(page.text, /Use single sign-on/)
      })
      await step('a user of a group signs in with its role and lands on the page that was asked for', async () => {
        const { page } = await signIn(address, 'jane')
        assert.equal(page.url, `${address}/console/account`)
        assert.match(page.text, /jane@example\.com/)
        assert.match(page.text, /<dd>admin<\/dd>/)
      })
      await step('a user of a domain signs in with its role', async () => {
        const { page } = await signIn(address, 'joe')
        assert.match(page.text, /<dd>viewer<\/dd>/)
      })
      await step('a user without a role is refused and has no session', async () => {
        const { browser, page } = await signIn(address, 'eve')
        assert.equal(page.status, 403)
        assert.match(page.text, /You have no role here/)
        assert.equal((await browser.get(`${address}/console/account`)).status, 401)
      })
      await step('the command line shows who has signed in', async () => {
        const line = ['operator', 'list', '--json', '--data-dir', folder]
        const { operators } = JSON.parse(execFileSync(binary, line, { encoding: 'utf8' }))
        const known = Object.fromEntries(operators.map(({ email, role }) => [email, role]))
        assert.equal(known['jane@example.com'], 'admin')
        assert.equal(known['joe@example.com'], 'viewer')
        assert.equal(known['eve@evil.example'], undefined)
      })
    })
  } finally {
    await server.stop()
    provider.stop()
    // The next provider has another issuer, whose users are others.
    if (!conform) forget()
  }
}
suite.finish()

function forget() {
  for (const email of ['jane@example.com', 'joe@example.com']) {
    execFileSync(binary, ['operator', 'remove', email, '--data-dir', folder], { stdio: 'ignore' })
  }
}
