"""Reads phones and events with the client that openapi-generator made for Python."""

import os
from datetime import datetime

from handset_client import ApiClient, Configuration, EventsApi, EventType, PhonesApi

configuration = Configuration(host=os.environ["CLIENTS_ENDPOINT"])
client = ApiClient(configuration, "Authorization", f"Bearer {os.environ['CLIENTS_API_KEY']}")
print("phones", len(PhonesApi(client).phones_list_get().phones))

types = [EventType(name) for name in os.environ["CLIENTS_EVENT_TYPES"].split(",")]
since = datetime.fromisoformat(os.environ["CLIENTS_SINCE"])
for event in EventsApi(client).events_list_get(since=since, event_types=types).events:
    print("event", event.actual_instance.event_type)
