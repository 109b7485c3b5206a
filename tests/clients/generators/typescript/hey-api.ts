// Reads phones and events with the client that @hey-api/openapi-ts made.

import { client } from './generated/client.gen.js'
import { eventsListGet, phonesListGet } from './generated/sdk.gen.js'
import type { EventType } from './generated/types.gen.js'

const { CLIENTS_ENDPOINT, CLIENTS_API_KEY, CLIENTS_EVENT_TYPES = '', CLIENTS_SINCE } = process.env
client.setConfig({ baseUrl: CLIENTS_ENDPOINT!, headers: { authorization: `Bearer ${CLIENTS_API_KEY}` } })

const phones = await phonesListGet({ throwOnError: true })
console.log('phones', phones.data.phones.length)

const query = { since: CLIENTS_SINCE!, event_types: CLIENTS_EVENT_TYPES.split(',') as EventType[] }
const events = await eventsListGet({ query, throwOnError: true })
for (const event of events.data.events) {
  // The type tells the properties.
  if (event.event_type === 'phone.deactivated' && !event.device_id) throw new Error('no device_id')
  console.log('event', event.event_type)
}
