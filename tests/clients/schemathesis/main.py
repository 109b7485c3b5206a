"""schemathesis over one dialect of the document: examples, edges of every schema, random input and sequences of calls.

`main.py <dialect>` tries a running server as whoever holds a workspace's key. SCHEMATHESIS_SEED chooses another seed and
SCHEMATHESIS_EXAMPLES another number of random cases per operation."""

import os
import subprocess
import sys
from pathlib import Path

import requests

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent.parent / "openapi.json"
ENDPOINT = os.environ["CLIENTS_ENDPOINT"]
KEY = os.environ["CLIENTS_API_KEY"]
PRODUCTION_KEY = os.environ["CLIENTS_PRODUCTION_API_KEY"]

# A fixed budget: what lands is judged alike each time. The nightly run has another seed and more time.
SEED = os.environ.get("SCHEMATHESIS_SEED") or "1"
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES") or "6"


def seam(path, body, key=KEY):
    made = requests.post(ENDPOINT + path, json=body, headers={"authorization": f"Bearer {key}"}, timeout=60)
    made.raise_for_status()
    return made.json()


def person():
    return seam("/user_identities/create", {"email_address": "jane@example.com"})["user_identity"]["user_identity_id"]


def session():
    """A client session that no reset of a sandbox ends: operations that take nothing else are tried to the end."""
    of = seam("/user_identities/create", {}, PRODUCTION_KEY)["user_identity"]["user_identity_id"]
    return seam("/client_sessions/create", {"user_identity_id": of}, PRODUCTION_KEY)["client_session"]["token"]


# How the operations of each dialect are found in the document, by their tag, and what a caller says beside the key.
# What has none of the tags is Seam's, so that no operation is left out.
DIALECTS = {
    "diga": lambda who: {},
    "phone_com": lambda who: {},
    "scim": lambda who: {},
    "ucwa": lambda who: {"X-Ucwa-User": who},
}


def selection(dialect):
    if dialect in DIALECTS:
        return [f"--include-tag={dialect}"]
    return [f"--exclude-tag={tag}" for tag in DIALECTS]


def main():
    dialect = sys.argv[1]
    if dialect != "seam" and dialect not in DIALECTS:
        sys.exit(f"there is no dialect {dialect}: {', '.join(['seam', *DIALECTS])}")
    who = person()
    headers = DIALECTS[dialect](who) if dialect in DIALECTS else {}
    command = [
        str(Path(sys.executable).with_name("st")),
        f"--config-file={HERE / 'config.toml'}",
        "run",
        str(DOCUMENT),
        f"--url={ENDPOINT}",
        *selection(dialect),
        *(f"--header={name}:{value}" for name, value in headers.items()),
        f"--seed={SEED}",
        f"--max-examples={EXAMPLES}",
        "--no-color",
    ]
    print(f"seed {SEED}, {EXAMPLES} random cases for each operation", flush=True)
    environment = os.environ | {"PYTHONPATH": str(HERE), "CLIENTS_SESSION": session()}
    done = subprocess.run(command, env=environment, check=False)
    print(f"{'FAILED' if done.returncode else 'ok    '} schemathesis-{dialect} | seed {SEED}", flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
