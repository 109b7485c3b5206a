// Debian's Chromium; CHROMIUM names another one.

import { chromium } from 'playwright-core'

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Root has no sandbox; the pages are this server's own.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
  })
}

/** A window of its own cookies. What a page reports as an error, or loads from elsewhere, is kept in `faults`. */
export async function open(browser, endpoint, options = {}) {
  const context = await browser.newContext({ baseURL: endpoint, viewport: { width: 1200, height: 900 }, timezoneId: 'Europe/Warsaw', ...options })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  page.faults = []
  page.on('pageerror', (error) => page.faults.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => (page.faults.push(`dialog: ${dialog.message()}`), dialog.dismiss()))
  page.on('console', (line) => {
    // A status of 4xx, which some stories ask for, is logged by the browser itself.
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) page.faults.push(`console: ${line.text()}`)
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(endpoint) && !request.url().startsWith('data:')) page.faults.push(`foreign: ${request.url()}`)
  })
  return page
}
