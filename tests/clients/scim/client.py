"""PyPI `scim2-client`: it learns the server's schemas, and validates each request and each response by them."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import Error, PatchOp, PatchOperation, SearchRequest
from steps import Suite

ENDPOINT = os.environ["CLIENTS_ENDPOINT"] + "/scim/v2"
TOKEN = os.environ["CLIENTS_SCIM_TOKEN"]


def equal(actual, expected):
    assert actual == expected, f"expected {expected!r}, got {actual!r}"


def story(step):
    http = Client(base_url=ENDPOINT, headers={"authorization": f"Bearer {TOKEN}"}, timeout=60)
    scim = SyncSCIMClient(http)

    with step("learns the schemas of the server"):
        scim.discover()
        user_model, group_model = scim.get_resource_model("User"), scim.get_resource_model("Group")

    with step("creates a user"):
        jane = user_model.model_validate(
            {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": "jane@example.com",
                "displayName": "Jane Doe",
                "emails": [{"value": "jane@example.com", "type": "work", "primary": True}],
            }
        )
        jane = scim.create(jane)
        assert jane.id and str(jane.meta.location).startswith(ENDPOINT), jane

    with step("finds the user"):
        equal(scim.query(user_model, jane.id).user_name, "jane@example.com")
        equal(scim.query(user_model, query_parameters=SearchRequest(filter='userName eq "JANE@example.com"')).total_results, 1)
        found = scim.search(search_request=SearchRequest(filter='displayName sw "Jane"', count=1))
        equal([user.id for user in found.resources], [jane.id])

    with step("replaces the user"):
        jane.title = "CEO"
        jane = scim.replace(jane)
        equal(jane.title, "CEO")

    with step("makes the user inactive"):
        leave = PatchOperation(op=PatchOperation.Op.replace_, path="active", value=False)
        scim.modify(user_model, jane.id, PatchOp[user_model](operations=[leave]))
        equal(scim.query(user_model, jane.id).active, False)

    with step("creates and deletes a group"):
        group = scim.create(group_model(display_name="Sales"))
        equal(scim.query(group_model, group.id).display_name, "Sales")
        scim.delete(group_model, group.id)

    with step("deletes the user"):
        scim.delete(user_model, jane.id)
        gone = scim.query(user_model, jane.id, raise_scim_errors=False)
        assert isinstance(gone, Error) and gone.status == 404, gone

    with step("learns that a name is taken"):
        scim.create(user_model(user_name="john@example.com"))
        taken = scim.create(user_model(user_name="John@Example.com"), raise_scim_errors=False)
        assert isinstance(taken, Error) and (taken.status, taken.scim_type) == (409, "uniqueness"), taken


def main():
    suite = Suite("scim-client")
    suite.section("directory", story)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
