"""Reads phones and events with the client that openapi-python-client made."""

import os
from datetime import datetime

from handset_client import AuthenticatedClient
from handset_client.api.events import events_list_get
from handset_client.api.phones import phones_list_get
from handset_client.models import EventsListResponse, EventType, PhonesListResponse

client = AuthenticatedClient(os.environ["CLIENTS_ENDPOINT"], os.environ["CLIENTS_API_KEY"])
phones = phones_list_get.sync(client=client)
assert isinstance(phones, PhonesListResponse), phones
print("phones", len(phones.phones))

types = [EventType(name) for name in os.environ["CLIENTS_EVENT_TYPES"].split(",")]
since = datetime.fromisoformat(os.environ["CLIENTS_SINCE"])
events = events_list_get.sync(client=client, since=since, event_types=types)
assert isinstance(events, EventsListResponse), events
for event in events.events:
    expected = "".join(word.capitalize() for word in event.event_type.value.replace(".", "_").split("_")) + "Event"
    assert type(event).__name__ == expected, event
    print("event", event.event_type.value)
