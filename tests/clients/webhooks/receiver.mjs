// A receiver of webhooks on this machine that keeps the very bytes of what it hears.

import { createServer } from 'node:http'
import { once } from 'node:events'

const patience = 30_000

export class Receiver {
  #server
  #waiting = []
  heard = []

  async listen() {
    this.#server = createServer(async (request, response) => {
      const chunks = []
      for await (const chunk of request) chunks.push(chunk)
      response.writeHead(204).end()
      this.heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
      for (const wake of this.#waiting.splice(0)) wake()
    })
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/hook`
  }

  /** The first message that is such a one, as soon as it is here. */
  async hears(what, isIt) {
    const end = Date.now() + patience
    for (;;) {
      const found = this.heard.find(({ body }) => isIt(JSON.parse(body)))
      if (found) return found
      const left = end - Date.now()
      if (left <= 0) throw new Error(`never heard of: ${what}`)
      await new Promise((wake) => {
        const timer = setTimeout(wake, left)
        this.#waiting.push(() => (clearTimeout(timer), wake()))
      })
    }
  }

  close() {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
