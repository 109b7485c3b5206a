// Reads phones and events with the types that openapi-typescript made.

import createClient from 'openapi-fetch'
import type { components, paths } from './generated/schema.js'

type EventType = components['schemas']['EventType']

const { CLIENTS_ENDPOINT, CLIENTS_API_KEY, CLIENTS_EVENT_TYPES = '', CLIENTS_SINCE } = process.env
const client = createClient<paths>({
  baseUrl: CLIENTS_ENDPOINT!,
  headers: { authorization: `Bearer ${CLIENTS_API_KEY}` },
})

const phones = await client.GET('/phones/list')
if (!phones.data) throw new Error(JSON.stringify(phones.error))
console.log('phones', phones.data.phones.length)

const query = { since: CLIENTS_SINCE!, event_types: CLIENTS_EVENT_TYPES.split(',') as EventType[] }
const events = await client.GET('/events/list', { params: { query } })
if (!events.data) throw new Error(JSON.stringify(events.error))
for (const event of events.data.events) {
  // The type tells the properties.
  if (event.event_type === 'phone.deactivated' && !event.device_id) throw new Error('no device_id')
  console.log('event', event.event_type)
}
