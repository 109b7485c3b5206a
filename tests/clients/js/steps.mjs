// One line per step. A section is a chain: after its first failure the rest of it is skipped, the other sections still run.

import { inspect } from 'node:util'

export class Suite {
  #name
  #passed = 0
  #failures = []

  constructor(name) {
    this.#name = name
  }

  async section(title, body) {
    const step = async (what, action) => {
      const line = `${this.#name} | ${title} | ${what}`
      const begun = performance.now()
      try {
        const result = await action()
        this.#passed += 1
        console.log(`ok     ${line} (${Math.round(performance.now() - begun)} ms)`)
        return result
      } catch (error) {
        this.#failures.push(line)
        console.log(`FAILED ${line}\n${indent(describe(error))}`)
        throw new SectionEnded()
      }
    }
    try {
      await body(step)
    } catch (error) {
      if (error instanceof SectionEnded) return
      this.#failures.push(`${this.#name} | ${title}`)
      console.log(`FAILED ${this.#name} | ${title} | between steps\n${indent(describe(error))}`)
    }
  }

  finish() {
    const failed = this.#failures.length
    console.log(`${this.#name}: ${this.#passed} steps passed, ${failed} failed`)
    process.exitCode = failed === 0 ? 0 : 1
  }
}

class SectionEnded extends Error {}

function describe(error) {
  if (!(error instanceof Error)) return inspect(error)
  const facts = {}
  for (const key of ['code', 'statusCode', 'requestId', 'data', 'validationErrors', 'stdout', 'stderr']) {
    if (error[key] !== undefined) facts[key] = error[key]
  }
  // A response that no SDK class wraps arrives as the transport's own error.
  if (error.response) facts.response = { status: error.response.status, body: error.response.data }
  const where = (error.stack ?? '').split('\n').filter((line) => line.includes('/tests/clients/')).slice(0, 2)
  return [`${error.name}: ${error.message}`, ...where, ...(Object.keys(facts).length ? [inspect(facts, { depth: 6 })] : [])].join('\n')
}

function indent(text) {
  return text.replace(/^/gm, '         ')
}
