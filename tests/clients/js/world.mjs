// What `run` hands to every suite, and the few helpers all suites share.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'

export const endpoint = need('CLIENTS_ENDPOINT')
export const workspaceId = need('CLIENTS_WORKSPACE_ID')
export const apiKey = need('CLIENTS_API_KEY')
export const accessToken = need('CLIENTS_ACCESS_TOKEN')
export const consoleSession = need('CLIENTS_CONSOLE_SESSION')
export const publishableKey = need('CLIENTS_PUBLISHABLE_KEY')
export const otherApiKey = need('CLIENTS_OTHER_API_KEY')
export const productionApiKey = need('CLIENTS_PRODUCTION_API_KEY')

export const unknownId = '00000000-0000-4000-8000-000000000000'
export const isUuid = (value) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)
export const unique = (prefix) => `${prefix}-${randomUUID().slice(0, 8)}`
export const ids = (items, key) => items.map((item) => item[key])

/** A moment that everything done from now on is after, whatever the precision of the server's clock. */
export const aMomentAgo = () => new Date(Date.now() - 1000).toISOString()

export function sameMembers(actual, expected, message) {
  assert.deepEqual([...actual].sort(), [...expected].sort(), message)
}

/** Asserts that the promise is rejected and gives the error back. */
export async function refusal(promise) {
  let answer
  try {
    answer = await promise
  } catch (error) {
    return error
  }
  assert.fail(`expected an error, got ${JSON.stringify(answer)}`)
}

/** Asserts that the promise is rejected with the SDK's API error of this status and type. */
export async function apiError(sdk, promise, status, code) {
  const error = await refusal(promise)
  assert.ok(sdk.isSeamHttpApiError(error), `expected a SeamHttpApiError, got ${error.name}: ${error.message}`)
  assert.equal(error.code, code)
  assert.equal(error.statusCode, status)
  assert.ok(isUuid(error.requestId), `request id ${error.requestId}`)
  return error
}

export async function unauthorized(sdk, promise) {
  const error = await apiError(sdk, promise, 401, 'unauthorized')
  assert.ok(sdk.isSeamHttpUnauthorizedError(error), `expected a SeamHttpUnauthorizedError, got ${error.name}`)
  return error
}

export async function invalidInput(sdk, promise) {
  const error = await apiError(sdk, promise, 400, 'invalid_input')
  assert.ok(sdk.isSeamHttpInvalidInputError(error), `expected a SeamHttpInvalidInputError, got ${error.name}`)
  return error
}

function need(name) {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: start this suite through tests/clients/run`)
  return value
}
