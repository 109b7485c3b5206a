"""What `run` hands to every suite, and the few helpers all sections share."""

import os
import uuid
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import seam as sdk

ENDPOINT = os.environ["CLIENTS_ENDPOINT"]
WORKSPACE_ID = os.environ["CLIENTS_WORKSPACE_ID"]
API_KEY = os.environ["CLIENTS_API_KEY"]
ACCESS_TOKEN = os.environ["CLIENTS_ACCESS_TOKEN"]
OTHER_API_KEY = os.environ["CLIENTS_OTHER_API_KEY"]
PRODUCTION_API_KEY = os.environ["CLIENTS_PRODUCTION_API_KEY"]

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
ACS_SYSTEM_ID = "00000000-0000-4000-8001-000000000000"

# Newer SDKs send an explicit null for this value, the older one cannot.
NULL = getattr(sdk, "NULL", None)


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def is_uuid(value):
    return str(uuid.UUID(value)) == value


def moment(**offset):
    """An instant as Python writes it: microseconds and an offset."""
    return (datetime.now(timezone.utc) + timedelta(**offset)).isoformat()


def plain(value):
    """A resource as the bare values it holds, whichever classes the SDK's version wraps them in."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "__dict__"):
        return {k: plain(v) for k, v in vars(value).items()}
    return value


def ids(items, key):
    return [getattr(item, key) for item in items]


def equal(actual, expected):
    assert actual == expected, f"expected {expected!r}, got {actual!r}"


def contains(collection, member):
    assert member in collection, f"expected {member!r} among {collection!r}"


@contextmanager
def api_error(status, code, kind=sdk.SeamHttpApiError):
    """Expects the SDK's own error of this status and type; what it caught is in the list it gives."""
    caught = []
    try:
        yield caught
    except kind as error:
        equal(error.code, code)
        equal(error.status_code, status)
        assert is_uuid(error.request_id), f"request id {error.request_id!r}"
        caught.append(error)
        return
    raise AssertionError(f"expected {kind.__name__} {code}")


def unauthorized():
    return api_error(401, "unauthorized", sdk.SeamHttpUnauthorizedError)


def invalid_input():
    return api_error(400, "invalid_input", sdk.SeamHttpInvalidInputError)


def messages(error, parameter):
    """The messages under a parameter, or None where the SDK's version has no way to ask."""
    ask = getattr(error, "get_validation_error_messages", None)
    return ask(parameter) if ask else None
