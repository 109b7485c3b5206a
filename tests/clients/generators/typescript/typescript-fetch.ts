// Reads phones and events with the client that openapi-generator made for TypeScript.

import { Configuration, EventsApi, PhonesApi, type EventType } from './generated/index.js'

const { CLIENTS_ENDPOINT, CLIENTS_API_KEY, CLIENTS_EVENT_TYPES = '', CLIENTS_SINCE } = process.env
const configuration = new Configuration({
  basePath: CLIENTS_ENDPOINT!,
  headers: { authorization: `Bearer ${CLIENTS_API_KEY}` },
})

const phones = await new PhonesApi(configuration).phonesListGet()
console.log('phones', phones.phones.length)

const since = new Date(CLIENTS_SINCE!)
const eventTypes = CLIENTS_EVENT_TYPES.split(',') as EventType[]
const events = await new EventsApi(configuration).eventsListGet({ since, eventTypes })
for (const event of events.events) {
  // The type tells the properties.
  if (event.eventType === 'phone.deactivated' && !event.deviceId) throw new Error('no deviceId')
  console.log('event', event.eventType)
}
