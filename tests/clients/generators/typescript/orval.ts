// Reads phones and events with the client that orval made.

import { eventsListGet, phonesListGet } from './generated/client.js'
import type { EventType } from './generated/model/index.js'

const { CLIENTS_API_KEY, CLIENTS_EVENT_TYPES = '', CLIENTS_SINCE } = process.env
const options = { headers: { authorization: `Bearer ${CLIENTS_API_KEY}` } }

const phones = await phonesListGet(undefined, options)
if (phones.status !== 200) throw new Error(JSON.stringify(phones.data))
console.log('phones', phones.data.phones.length)

const query = { since: CLIENTS_SINCE!, event_types: CLIENTS_EVENT_TYPES.split(',') as EventType[] }
const events = await eventsListGet(query, options)
if (events.status !== 200) throw new Error(JSON.stringify(events.data))
for (const event of events.data.events) {
  // The type tells the properties.
  if (event.event_type === 'phone.deactivated' && !event.device_id) throw new Error('no device_id')
  console.log('event', event.event_type)
}
