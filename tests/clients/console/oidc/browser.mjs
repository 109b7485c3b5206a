// As much of a browser as signing in takes: cookies by origin, redirects, and forms.

export class Browser {
  #cookies = new Map()

  /** Gets a page, and follows redirects. */
  get(url) {
    return this.#fetch(url, {})
  }

  /** Fills in and sends the first form of a page. */
  submit(page, values) {
    const [, head, body] = page.text.match(/<form([^>]*)>([\s\S]*?)<\/form>/) ?? []
    if (!head) throw new Error(`no form on ${page.url}: ${page.text}`)
    const fields = new URLSearchParams()
    for (const [, attributes] of body.matchAll(/<input([^>]*)>/g)) {
      const name = attribute(attributes, 'name')
      if (name) fields.set(name, values[name] ?? attribute(attributes, 'value') ?? '')
    }
    const action = new URL(unescaped(attribute(head, 'action') ?? page.url), page.url)
    return this.#fetch(action, { method: 'POST', body: fields, headers: { origin: action.origin } })
  }

  async #fetch(url, options) {
    for (let hop = 0; hop < 20; hop += 1) {
      const { origin } = new URL(url)
      const cookies = this.#cookies.get(origin) ?? new Map()
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const headers = { accept: 'text/html', ...options.headers, ...(cookie && { cookie }) }
      const response = await fetch(url, { ...options, headers, redirect: 'manual' })
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = line.match(/^([^=]+)=([^;]*)/)
        if (value === '' || /max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name)
        else cookies.set(name, value)
      }
      this.#cookies.set(origin, cookies)
      const location = response.headers.get('location')
      if (!location) return { url: String(url), status: response.status, text: await response.text() }
      ;[url, options] = [String(new URL(location, url)), {}]
    }
    throw new Error(`too many redirects, at ${url}`)
  }
}

function attribute(attributes, name) {
  return attributes.match(new RegExp(`${name}="([^"]*)"`))?.[1]
}

function unescaped(text) {
  return text.replaceAll('&amp;', '&')
}
