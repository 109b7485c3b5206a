"""The Python SDK, whichever version this interpreter has installed."""

import sys
from importlib.metadata import version

import asynchronous
import records
import seam as sdk
from phones import phone_workflow
from steps import Suite
from world import ACCESS_TOKEN, API_KEY, ENDPOINT, WORKSPACE_ID


def main():
    suite = Suite(f"python {version('seam')}")
    seam = sdk.Seam(api_key=API_KEY, endpoint=ENDPOINT)
    member = sdk.Seam(personal_access_token=ACCESS_TOKEN, workspace_id=WORKSPACE_ID, endpoint=ENDPOINT)

    suite.section("phones, api key", phone_workflow, seam)
    suite.section("phones, personal access token", phone_workflow, member)
    for body in (records.client_sessions, records.webhooks, records.paging, records.errors):
        suite.section(body.__name__.replace("_", " "), body, seam)
    if hasattr(sdk, "AsyncSeam"):
        suite.section("asynchronous", asynchronous.smoke)
    suite.section("workspaces", records.workspaces, seam)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
