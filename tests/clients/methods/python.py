"""Every method of a Python SDK in the namespaces of calls.json, once."""

import inspect
import json
import sys
import urllib.request
from importlib.metadata import version
from pathlib import Path

import seam as sdk

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "python"))

from steps import Suite  # noqa: E402
from world import ACCESS_TOKEN, API_KEY, ENDPOINT  # noqa: E402

TABLE = json.loads((HERE / "calls.json").read_text())
CALLS, THINGS, OUT_OF_SCOPE = TABLE["calls"], TABLE["things"], TABLE["out_of_scope"]


def send(path, body):
    headers = {"authorization": f"Bearer {API_KEY}", "content-type": "application/json"}
    request = urllib.request.Request(ENDPOINT + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def arguments_of(route):
    """The arguments of a call. Things that they name as `$thing` are made for it."""
    made = {}

    def filled(value):
        if isinstance(value, list):
            return [filled(item) for item in value]
        if isinstance(value, dict):
            return {name: filled(item) for name, item in value.items()}
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        if value not in made:
            made[value] = make(THINGS[value[1:]])
        return made[value]

    def make(thing):
        answer = send(thing["post"], filled(thing["with"])) if "post" in thing else None
        if "gives" in thing:
            return filled(thing["gives"])
        for key in thing["at"]:
            answer = answer[key]
        return answer

    return filled(CALLS[route]["with"])


def methods_of(client, path=""):
    """The methods of a client and of the namespaces in it, by route."""
    for name in dir(client):
        if name.startswith("_") or name in TABLE["no_requests"]:
            continue
        value = getattr(client, name, None)
        if inspect.ismethod(value):
            yield f"{path}/{name}", value
        elif type(value).__module__.startswith("seam.routes"):
            yield from methods_of(value, f"{path}/{name}")


def call(step, route, method):
    with step("call"):
        assert route in CALLS, f"a new method: serve {route}, and add it to methods/calls.json"
        try:
            method(**arguments_of(route))
            code = None
        except sdk.SeamHttpApiError as error:
            if error.code != CALLS[route].get("refused"):
                raise
            code = error.code
        assert code == CALLS[route].get("refused"), f"expected {CALLS[route].get('refused')}, got {code}"


def main():
    suite = Suite(f"methods-python {version('seam')}")
    seam = sdk.Seam(api_key=API_KEY, endpoint=ENDPOINT)
    account = sdk.SeamWithoutWorkspace(personal_access_token=ACCESS_TOKEN, endpoint=ENDPOINT)
    in_scope = tuple(f"/{name}/" for name in TABLE["namespaces"])
    methods = [(route, method) for route, method in methods_of(seam) if route.startswith(in_scope)]
    assert len(methods) > 50, f"only {len(methods)} methods are found"
    for route, method in methods:
        if route not in OUT_OF_SCOPE:
            is_of_account = CALLS.get(route, {}).get("of") == "account"
            suite.section(route, call, route, account.workspaces.create if is_of_account else method)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
