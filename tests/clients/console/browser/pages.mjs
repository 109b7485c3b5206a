// Every page that links and forms lead to: hostile texts stay texts, nothing is wider than a phone's screen, and weights.

import assert from 'node:assert/strict'
import { workspaceId } from './world.mjs'

/** The kind of an address: ids and queries do not make another page. */
export const kind = (address) =>
  new URL(address).pathname.replace(workspaceId, ':workspace').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, ':id').replace(/\/contacts\/\d+/, '/contacts/:id')

/** Walks the console from a page on, and visits at most three addresses of a kind. */
export async function walk(page, start, visit) {
  const seen = new Map()
  const waiting = [start]
  while (waiting.length > 0) {
    const address = waiting.shift()
    const name = kind(address)
    const count = seen.get(name) ?? 0
    if (count >= 3) continue
    seen.set(name, count + 1)
    const response = await page.goto(address)
    await visit(name, address, response)
    const links = await page.evaluate(() => [...document.querySelectorAll('a[href]')].map((link) => link.href.split('#')[0]))
    for (const link of links) {
      const { origin, pathname } = new URL(link)
      const isPage = origin === new URL(address).origin && pathname.startsWith('/console') && !/\/(link|invitation|sso|assets)\b/.test(pathname)
      if (isPage && !waiting.includes(link)) waiting.push(link)
    }
  }
  return [...seen.keys()]
}

export async function everyPage(suite, world) {
  await suite.section('every page', async (step) => {
    const page = await world.administrator({ viewport: { width: 360, height: 740 } })
    const start = new URL(world.address(''), page.url()).href
    const faults = []
    world.pages = await step('hostile texts do nothing and fit on the screen of a phone', async () => {
      const pages = await walk(page, start, async (name, address, response) => {
        if (response.status() !== 200) faults.push(`${address}: ${response.status()}`)
        if ((await page.title()) === 'taken') faults.push(`${address}: a script ran`)
        const injected = await page.evaluate(() => document.querySelectorAll('main script, img[src=x]').length)
        if (injected > 0) faults.push(`${address}: an element came in`)
        const [width, wanted] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
        if (width > wanted) faults.push(`${address} is ${width} wide on a screen of ${wanted}`)
      })
      assert.deepEqual(faults, [])
      return pages
    })
    await step('no page reports an error, opens a dialog or loads anything from elsewhere', () => assert.deepEqual(page.faults, []))
    await step('they are many', () => {
      console.log(`         ${world.pages.sort().join('\n         ')}`)
      assert.ok(world.pages.length >= 20, `${world.pages.length} kinds`)
    })
    await step('the texts are shown as they are', async () => {
      await page.goto(world.address(`/users/${world.script.person}`))
      const shown = await page.locator('h1').innerText()
      assert.ok(shown.includes('<script>document.title'), shown)
      await world.screenshot(page, 'person-on-a-phone')
    })
    await page.context().close()
  })

  await suite.section('weight', async (step) => {
    const page = await world.operator('weight@example.com', 'viewer')
    await step('a page weighs less than 150 KB in all', async () => {
      for (const path of ['', '/timeline', `/users/${world.long.person}`]) {
        let bytes = 0
        const counted = async (response) => (bytes += (await response.body().catch(() => Buffer.alloc(0))).length)
        page.on('response', counted)
        await page.goto(world.address(path))
        page.off('response', counted)
        assert.ok(bytes < 150_000, `${path}: ${bytes}`)
      }
    })
    await page.context().close()
  })
}
