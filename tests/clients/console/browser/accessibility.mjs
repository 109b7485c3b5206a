// WCAG 2.2 AA by axe-core: no violation on any page, in light and in dark colours.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { open } from './chromium.mjs'
import { walk } from './pages.mjs'
import { endpoint } from './world.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

async function violations(page) {
  // The pages' own policy forbids inline scripts; the debugger's evaluation is not one.
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
  )
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(' | ')}`)
}

export async function accessibility(suite, world) {
  for (const colorScheme of ['light', 'dark']) {
    await suite.section(`accessibility, ${colorScheme}`, async (step) => {
      const page = await world.administrator({ colorScheme })
      const found = new Set()
      await step('axe finds no violation on any page', async () => {
        await walk(page, new URL(world.address(''), page.url()).href, async (name) => {
          for (const violation of await violations(page)) found.add(`${name}: ${violation}`)
        })
        assert.deepEqual([...found], [])
      })
      await step('nor on those before a sign-in, and of errors', async () => {
        const stranger = await open(world.chromium, endpoint, { colorScheme })
        for (const address of ['/console/sign-in', world.link(), world.invitation(`new-${colorScheme}@example.com`, 'viewer')]) {
          await stranger.goto(address)
          assert.deepEqual(await violations(stranger), [], address)
        }
        await page.goto(world.address('/nowhere'))
        assert.deepEqual(await violations(page), [])
        await stranger.context().close()
      })
      if (colorScheme === 'dark') {
        await page.goto(world.address(`/users/${world.rightToLeft.person}`))
        await world.screenshot(page, 'person-dark')
      }
      await page.context().close()
    })
  }
}
