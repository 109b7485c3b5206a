// A lost phone is off in three clicks: by mouse, by keyboard, without JavaScript, and with two operators at once.

import assert from 'node:assert/strict'
import { open } from './chromium.mjs'
import { endpoint } from './world.mjs'

export async function lostPhone(suite, world) {
  await suite.section('a lost phone by mouse', async (step) => {
    const person = await world.person('Ada Łukasiewicz', 'ada@example.com')
    const phone = await world.phone(person, 'Ada’s phone')
    const page = await open(world.chromium, endpoint)
    await step('a browser on the address of the server is asked to sign in, and a link signs it in once', async () => {
      await page.goto('/')
      await page.getByRole('heading', { name: 'Sign in' }).waitFor()
      const link = world.link()
      await page.goto(link)
      await page.getByRole('button', { name: 'Continue to the console' }).click()
      await page.waitForURL(/\/console(\/w\/.*)?$/)
      const other = await open(world.chromium, endpoint)
      await other.goto(link)
      await other.getByRole('button').first().click()
      await other.getByText('This link was used').waitFor()
      await other.context().close()
    })
    await step('the search finds the person as its name is typed', async () => {
      await page.goto(world.address(''))
      await world.screenshot(page, 'search')
      await page.getByRole('searchbox').pressSequentially('LUKASIEWICZ'.toLowerCase().replace('l', 'ł'), { delay: 20 })
      await page.getByRole('link', { name: 'Ada Łukasiewicz' }).first().waitFor()
      assert.equal(await page.evaluate(() => document.activeElement.id), 'q', 'the field keeps the focus')
      assert.match(page.url(), /q=/)
    })
    await step('three clicks: the phone, the reason, done', async () => {
      await page.getByRole('searchbox').fill('Ada’s phone')
      await page.getByRole('link', { name: /Lost phone.*Ada’s phone/ }).click()
      await page.getByText('within milliseconds').waitFor()
      await world.screenshot(page, 'lost-phone')
      await page.getByLabel('Reason').fill('Left in a taxi')
      await page.getByRole('button', { name: 'Turn off this phone' }).click()
      await page.getByRole('heading', { name: /is off/ }).waitFor()
      assert.ok(await world.isOff(phone), 'the API has no such phone any more')
    })
    await step('the page shows the event, and its delivery as it arrives', async () => {
      await page.locator('[data-said]', { hasText: 'Delivered: 1 of 1.' }).waitFor()
      const heard = await world.receiver.hears('the deactivation', (event) => event.device_id === phone)
      await page.getByText(JSON.parse(heard.body).event_id).waitFor()
      await page.getByText('Left in a taxi').waitFor()
      await world.screenshot(page, 'phone-is-off')
    })
    await step('the timeline names the operator and the reason', async () => {
      await page.getByRole('link', { name: 'What happened' }).click()
      await page.getByText('Left in a taxi').first().waitFor({ state: 'attached' })
      await page.getByText('admin@localhost').first().waitFor({ state: 'attached' })
      await world.screenshot(page, 'timeline')
    })
    await step('the installation is let in again', async () => {
      await page.goto(world.address(`/phones/${phone}`))
      const again = page.getByRole('button', { name: 'Let the installation in again' })
      if ((await again.count()) > 0) {
        await again.click()
        await page.getByText('may register again').first().waitFor()
      }
    })
    await step('no page reports an error or loads anything from elsewhere', () => assert.deepEqual(page.faults, []))
    await page.context().close()
  })

  await suite.section('a lost phone by keyboard', async (step) => {
    const person = await world.person('Grace Hopper', 'grace@example.com')
    const phone = await world.phone(person, 'Grace’s phone')
    const page = await world.operator('keyboard@example.com', 'operator')
    /** Moves the focus on until it is on something of this name. */
    const reach = async (name) => {
      for (let turn = 0; turn < 60; turn += 1) {
        await page.keyboard.press('Tab')
        const focused = await page.evaluate(() => {
          const element = document.activeElement
          const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element)
          const box = element.getBoundingClientRect()
          return {
            text: element.innerText || element.labels?.[0]?.innerText || '',
            isVisible: box.width > 0 && (outlineStyle !== 'none' && outlineWidth !== '0px' || boxShadow !== 'none'),
          }
        })
        if (focused.text.includes(name)) return assert.ok(focused.isVisible, `the focus on ${name} is seen`)
      }
      throw new Error(`the Tab key never reaches ${name}`)
    }
    await step('the field has the focus, and each step is reached by Tab and Enter', async () => {
      await page.goto(world.address(''))
      await page.keyboard.type('grace’s')
      await page.getByRole('link', { name: /Lost phone.*Grace’s phone/ }).waitFor()
      await reach('Lost phone')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: /Turn off/ }).waitFor()
      await reach('Reason')
      await page.keyboard.press('Control+a')
      await page.keyboard.type('Stolen')
      await reach('Turn off this phone')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: /is off/ }).waitFor()
      assert.ok(await world.isOff(phone))
    })
    await step('the first Tab on a page skips to the content', async () => {
      await page.goto(world.address('/timeline'))
      await page.keyboard.press('Tab')
      assert.match(await page.evaluate(() => document.activeElement.innerText), /Skip to content/)
      await page.keyboard.press('Enter')
      assert.equal(await page.evaluate(() => document.activeElement.id), 'main')
    })
    await page.context().close()
  })

  await suite.section('a lost phone without JavaScript', async (step) => {
    const person = await world.person('Konrad Zuse', 'konrad@example.com')
    const phone = await world.phone(person, 'Konrad’s phone')
    const page = await world.operator('plain@example.com', 'operator', { javaScriptEnabled: false })
    await step('search, preview, reason and result are plain pages', async () => {
      await page.goto(world.address(''))
      await page.getByRole('searchbox').fill('konrad’s')
      await page.getByRole('button', { name: 'Search' }).click()
      await page.getByRole('link', { name: /Lost phone.*Konrad’s phone/ }).click()
      await page.getByRole('button', { name: 'Turn off this phone' }).click()
      await page.getByRole('heading', { name: /is off/ }).waitFor()
      assert.ok(await world.isOff(phone))
      for (let turn = 0; (await page.getByText('Delivered: 1 of 1.').count()) === 0; turn += 1) {
        assert.ok(turn < 50, 'the delivery never arrives')
        await page.reload()
      }
    })
    await page.context().close()
  })

  await suite.section('two operators at once', async (step) => {
    const person = await world.person('Alan Turing', 'alan@example.com')
    const phone = await world.phone(person, 'Alan’s phone')
    const [one, two] = [await world.operator('one@example.com', 'operator'), await world.operator('two@example.com', 'operator')]
    await step('both see the form; the second hears that it was off already', async () => {
      for (const page of [one, two]) await page.goto(world.address(`/phones/${phone}/lost`))
      await one.getByRole('button', { name: 'Turn off this phone' }).click()
      await one.getByRole('heading', { name: /is off/ }).waitFor()
      await two.getByRole('button', { name: 'Turn off this phone' }).click()
      await two.getByText('was off already').waitFor()
      const heard = world.receiver.heard.filter(({ body }) => JSON.parse(body).device_id === phone)
      assert.equal(heard.length, 1, 'receivers hear it once')
    })
    await step('one of them on the timeline sees what the other does, without a reload', async () => {
      const next = await world.phone(person, 'Alan’s second phone')
      await one.goto(world.address('/timeline'))
      await two.goto(world.address(`/phones/${next}/lost`))
      await two.getByLabel('Reason').fill('Dropped into the Cam')
      await two.getByRole('button', { name: 'Turn off this phone' }).click()
      await one.getByText('Dropped into the Cam').first().waitFor({ state: 'attached' })
    })
    await step('a viewer has no button, and is refused by the address', async () => {
      const viewer = await world.operator('viewer@example.com', 'viewer')
      const last = await world.phone(person, 'Alan’s third phone')
      await viewer.goto(world.address(`/phones/${last}`))
      assert.equal(await viewer.getByRole('link', { name: /Lost phone/ }).count(), 0)
      const answer = await viewer.goto(world.address(`/phones/${last}/lost`))
      assert.equal(answer.status(), 403)
      assert.ok(!(await world.isOff(last)))
      await viewer.context().close()
    })
    for (const page of [one, two]) await page.context().close()
  })
}
