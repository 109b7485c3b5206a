// The API page at /docs: offline, quick, and a request with a key can be tried.

import assert from 'node:assert/strict'
import { open } from './chromium.mjs'
import { endpoint } from './world.mjs'

export async function apiPage(suite, world) {
  await suite.section('the API page', async (step) => {
    const page = await open(world.chromium, endpoint)
    await step('loads within two seconds, from this server alone', async () => {
      const begun = performance.now()
      await page.goto('/docs')
      await page.getByText('/phones/deactivate').first().waitFor()
      const took = performance.now() - begun
      assert.deepEqual(page.faults, [])
      console.log(`         ${Math.round(took)} ms`)
      await world.screenshot(page, 'api-page')
    })
    await page.context().close()
  })
}
