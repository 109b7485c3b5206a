"""PyPI `scim2-tester`, which judges a SCIM server by RFC 7643 and RFC 7644: every check has to pass."""

import os
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

ENDPOINT = os.environ["CLIENTS_ENDPOINT"] + "/scim/v2"
TOKEN = os.environ["CLIENTS_SCIM_TOKEN"]


def main():
    client = Client(base_url=ENDPOINT, headers={"authorization": f"Bearer {TOKEN}"}, timeout=60)
    results = check_server(SyncSCIMClient(client))
    failed = [result for result in results if result.status not in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE)]
    for result in failed:
        print(f"FAILED scim-tester | {result.status.name} {result.title} {result.resource_type}: {result.reason}")
    if len(results) < 100:
        failed.append(None)
        print(f"FAILED scim-tester | only {len(results)} checks")
    print(f"{'FAILED' if failed else 'ok    '} scim-tester | {len(results)} checks, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
