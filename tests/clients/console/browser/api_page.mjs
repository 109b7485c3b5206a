// The API page at /docs: offline, quick, and a request with a key can be tried.

import assert from 'node:assert/strict'
import { open } from './chromium.mjs'
import { apiKey, endpoint } from './world.mjs'

export async function apiPage(suite, world) {
  await suite.section('the API page', async (step) => {
    const page = await open(world.chromium, endpoint)
    await step('loads from this server alone', async () => {
      const begun = performance.now()
      await page.goto('/docs')
      await page.locator('.opblock-tag-section').first().waitFor()
      const took = Math.round(performance.now() - begun)
      console.log(`         after ${took} ms`)
      await world.screenshot(page, 'api-page')
    })
    await step('says for each dialect which credentials it takes', async () => {
      for (const dialect of ['Seam', 'Diga', 'UCWA', 'Phone.com']) {
        const section = page.locator('.opblock-tag-section', { hasText: dialect }).first()
        assert.match(await section.innerText(), /Authorize/, dialect)
      }
    })
    await step('a request is tried with a key', async () => {
      await page.getByRole('button', { name: 'Authorize' }).first().click()
      const scheme = page.locator('.auth-container', { hasText: 'api_key' }).first()
      await scheme.locator('input').first().fill(apiKey)
      await scheme.getByRole('button', { name: /Apply credentials|Authorize/ }).click()
      await page.getByRole('button', { name: 'Close' }).last().click()
      await page.locator('.opblock-tag', { hasText: 'Seam' }).click()
      const operation = page.locator('.opblock', { has: page.locator('[data-path="/phones/list"]') }).first()
      await operation.locator('.opblock-summary-control').click()
      await operation.getByRole('button', { name: 'Execute' }).click()
      const status = operation.locator('.live-responses-table .response-col_status').last()
      await status.waitFor()
      assert.match(await status.innerText(), /^200/)
    })
    await step('the page reports no error and loads nothing from elsewhere', () => assert.deepEqual(page.faults, []))
    await page.context().close()
  })
}
