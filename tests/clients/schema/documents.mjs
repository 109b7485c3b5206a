// API descriptions as validators. The published one is OpenAPI 3.0, which spells a few things differently from JSON Schema.

import Ajv from 'ajv'
import addFormats from 'ajv-formats'

const methods = ['get', 'post', 'put', 'patch', 'delete']

export class Description {
  #ajv = new Ajv({ strict: false, allErrors: true })
  #id
  #document
  #compiled = new Map()

  constructor(name, document) {
    addFormats(this.#ajv)
    this.#id = name
    this.#document = document
    this.#ajv.addSchema({ $id: this.#id, components: asJsonSchema(document.components ?? {}, this.#id) })
  }

  /** Every operation as `{ path: [METHOD, …] }`. */
  operations() {
    return Object.fromEntries(
      Object.entries(this.#document.paths).map(([path, item]) => [
        path,
        methods.filter((method) => item[method]).map((method) => method.toUpperCase()),
      ]),
    )
  }

  responseKey(path, method) {
    return this.#operation(path, method)?.['x-response-key']
  }

  /** Whether a 200 answer goes on for ever. */
  isStream(path, method) {
    return Boolean(this.#operation(path, method)?.responses?.['200']?.content?.['text/event-stream'])
  }

  /** What is wrong with the body of a 200 answer, in words; empty when it is as described, null when nothing is described. */
  faults(path, method, body) {
    const schema = this.#operation(path, method)?.responses?.['200']?.content?.['application/json']?.schema
    if (!schema) return null
    if (!this.#compiled.has(schema)) this.#compiled.set(schema, this.#ajv.compile(asJsonSchema(schema, this.#id)))
    const validate = this.#compiled.get(schema)
    if (validate(body)) return []
    return validate.errors.map((error) => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`)
  }

  #operation(path, method) {
    return this.#document.paths[path]?.[method.toLowerCase()]
  }
}

function asJsonSchema(node, id) {
  if (Array.isArray(node)) return node.map((item) => asJsonSchema(item, id))
  if (node === null || typeof node !== 'object') return node

  const schema = {}
  for (const [key, value] of Object.entries(node)) {
    if (key === 'discriminator' || key === 'example' || key === 'nullable') continue
    // Names of properties are not keywords: each is a schema of its own.
    if (key === 'properties') schema[key] = Object.fromEntries(Object.entries(value).map(([name, s]) => [name, asJsonSchema(s, id)]))
    else if (key === 'enum' || key === 'const' || key === 'default' || key === 'required') schema[key] = value
    else schema[key] = asJsonSchema(value, id)
  }
  if (typeof schema.$ref === 'string') schema.$ref = schema.$ref.replace(/^#/, `${id}#`)
  if (schema.exclusiveMinimum === true) {
    schema.exclusiveMinimum = schema.minimum
    delete schema.minimum
  } else if (schema.exclusiveMinimum === false) delete schema.exclusiveMinimum

  return node.nullable === true ? { anyOf: [{ type: 'null' }, schema] } : schema
}
