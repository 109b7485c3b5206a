"""The requests that Entra ID, Okta and Google send, in the order of their provisioning documents: a person comes, changes, leaves
and comes back. After the end of the person the phone is off, and no other one is let in."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

from httpx2 import Client
from steps import Suite

ENDPOINT = os.environ["CLIENTS_ENDPOINT"]
TOKEN = os.environ["CLIENTS_SCIM_TOKEN"]
KEY = os.environ["CLIENTS_API_KEY"]

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

seam = Client(base_url=ENDPOINT, headers={"authorization": f"Bearer {KEY}"}, timeout=60)


def equal(actual, expected):
    assert actual == expected, f"expected {expected!r}, got {actual!r}"


class Directory:
    """What a vendor's client sends with each request."""

    def __init__(self, **headers):
        headers = {"authorization": f"Bearer {TOKEN}"} | headers
        self.http = Client(base_url=f"{ENDPOINT}/scim/v2", headers=headers, timeout=60)

    def call(self, status, method, path, body=None):
        answer = self.http.request(method, path, json=body)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.text else None

    def find(self, **query):
        return self.http.get("/Users", params=query).raise_for_status().json()


def phone(user):
    made = seam.post("/phones/simulate/create_sandbox_phone", json={"user_identity_id": user})
    return made


def phones(user):
    listed = seam.post("/phones/list", json={"owner_user_identity_id": user}).raise_for_status()
    return len(listed.json()["phones"])


def is_out(user):
    equal(phones(user), 0)
    refused = phone(user)
    equal((refused.status_code, refused.json()["error"]["type"]), (400, "user_identity_suspended"))


def entra(step):
    directory = Directory(**{"content-type": "application/scim+json", "user-agent": "Entra"})

    with step("tests the connection by a user that there is not"):
        found = directory.find(filter='userName eq "0b1f2c1e-6e3d-4a3c-8a7e-9f2f5f6c7d8e"')
        equal((found["totalResults"], found["Resources"]), (0, []))

    with step("creates a user with its enterprise extension"):
        user = directory.call(201, "POST", "/Users", {
            "schemas": [CORE, ENTERPRISE],
            "externalId": "jyoung",
            "userName": "jyoung@testuser.com",
            "active": True,
            "addresses": None,
            "displayName": "Joy Young",
            "emails": [{"type": "work", "value": "jyoung@Contoso.com", "primary": True}],
            "meta": {"resourceType": "User"},
            "name": {"familyName": "Young", "givenName": "Joy"},
            "phoneNumbers": None,
            "preferredLanguage": None,
            "title": None,
            ENTERPRISE: {"department": None, "manager": None},
        })
        path = f"/Users/{user['id']}"
        equal(phone(user["id"]).status_code, 200)
        equal(directory.find(filter='userName eq "jyoung@testuser.com"')["Resources"][0]["id"], user["id"])
        equal(directory.find(filter='externalId eq "jyoung"')["totalResults"], 1)

    with step("adds and replaces attributes by filters"):
        patched = directory.call(200, "PATCH", path, {"schemas": [PATCH], "Operations": [
            {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "joy@contoso.com"},
            {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+1 425 555 0123"},
            {"op": "Add", "path": 'addresses[type eq "work"].streetAddress', "value": "1 Main St"},
            {"op": "Replace", "path": "name.familyName", "value": "Younger"},
            {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "IT"},
            {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "26118915-6090-4610-87e4-49d8ca9f808d"},
        ]})
        equal(patched["emails"][0]["value"], "joy@contoso.com")
        equal((patched["phoneNumbers"][0]["type"], patched["name"]["familyName"]), ("mobile", "Younger"))
        equal(patched[ENTERPRISE]["department"], "IT")

    with step("deletes softly, with a boolean as text"):
        body = {"schemas": [PATCH], "Operations": [{"op": "Replace", "path": "active", "value": "False"}]}
        equal(directory.call(200, "PATCH", path, body)["active"], False)
        is_out(user["id"])

    with step("restores the user"):
        body = {"schemas": [PATCH], "Operations": [{"op": "Replace", "value": {"active": True}}]}
        equal(directory.call(200, "PATCH", path, body)["active"], True)
        equal(phones(user["id"]), 0)
        equal(phone(user["id"]).status_code, 200)

    with step("keeps a group and its members"):
        group = directory.call(201, "POST", "/Groups", {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
            "displayName": "displayName",
            "meta": {"resourceType": "Group"},
        })
        at = f"/Groups/{group['id']}"
        equal(directory.call(200, "GET", f"{at}?excludedAttributes=members")["displayName"], "displayName")
        query = {"excludedAttributes": "members", "filter": 'displayName eq "displayName"'}
        equal(directory.http.get("/Groups", params=query).json()["totalResults"], 1)
        member = [{"$ref": None, "value": user["id"]}]
        add = {"schemas": [PATCH], "Operations": [{"op": "Add", "path": "members", "value": member}]}
        equal(len(directory.call(200, "PATCH", at, add)["members"]), 1)
        query = {"filter": f'id eq "{group["id"]}" and members eq "{user["id"]}"', "attributes": "id"}
        equal(directory.http.get("/Groups", params=query).json()["totalResults"], 1)
        remove = {"schemas": [PATCH], "Operations": [{"op": "Remove", "path": "members", "value": member}]}
        equal(directory.call(200, "PATCH", at, remove).get("members", []), [])
        directory.call(204, "DELETE", at)

    with step("deletes the user"):
        directory.call(204, "DELETE", path)
        directory.call(404, "GET", path)
        is_out(user["id"])


def okta(step):
    directory = Directory(**{"content-type": "application/scim+json; charset=utf-8", "accept": "application/scim+json"})
    profile = {
        "schemas": [CORE],
        "userName": "isaac.brock@example.com",
        "name": {"givenName": "Isaac", "familyName": "Brock"},
        "emails": [{"primary": True, "value": "isaac.brock@example.com", "type": "work"}],
        "displayName": "Isaac Brock",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": "1mz050nq",
        "active": True,
    }

    with step("tests the connection by a page of users"):
        page = directory.find(startIndex=1, count=2)
        equal((page["startIndex"], page["itemsPerPage"] <= 2), (1, True))
        equal(directory.find(startIndex=1, count=100)["startIndex"], 1)

    with step("looks for the user, and creates it"):
        equal(directory.find(filter='userName eq "isaac.brock@example.com"', startIndex=1, count=100)["totalResults"], 0)
        user = directory.call(201, "POST", "/Users", profile)
        equal((user["active"], "password" in user), (True, False))
        path = f"/Users/{user['id']}"
        equal(phone(user["id"]).status_code, 200)
        equal(directory.find(filter='userName eq "isaac.brock@example.com"')["Resources"][0]["id"], user["id"])
        equal(directory.call(409, "POST", "/Users", profile)["status"], "409")

    with step("reads the user, and puts it back whole"):
        known = directory.call(200, "GET", path)
        known["name"]["givenName"] = "Ike"
        known["displayName"] = "Ike Brock"
        equal(directory.call(200, "PUT", path, known)["name"]["givenName"], "Ike")
        equal(phones(user["id"]), 1)

    with step("deactivates the user by an object without a path"):
        body = {"schemas": [PATCH], "Operations": [{"op": "replace", "value": {"active": False}}]}
        directory.call(200, "PATCH", path, body)
        is_out(user["id"])
        equal(directory.call(200, "GET", path)["active"], False)

    with step("activates the user by a whole one"):
        equal(directory.call(200, "PUT", path, profile | {"id": user["id"]})["active"], True)
        equal(phone(user["id"]).status_code, 200)

    with step("deactivates the user by a whole one"):
        directory.call(200, "PUT", path, profile | {"active": False})
        is_out(user["id"])

    with step("pushes a group, and renames it with its id"):
        group = directory.call(201, "POST", "/Groups", {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Okta group",
            "members": [{"value": user["id"], "display": "isaac.brock@example.com"}],
        })
        at = f"/Groups/{group['id']}"
        rename = {"op": "replace", "value": {"id": group["id"], "displayName": "Renamed"}}
        equal(directory.call(200, "PATCH", at, {"schemas": [PATCH], "Operations": [rename]})["displayName"], "Renamed")
        replace = {"op": "replace", "path": "members", "value": [{"value": user["id"], "display": "x"}]}
        equal(len(directory.call(200, "PATCH", at, {"schemas": [PATCH], "Operations": [replace]})["members"]), 1)
        remove = {"op": "remove", "path": f'members[value eq "{user["id"]}"]'}
        equal(directory.call(200, "PATCH", at, {"schemas": [PATCH], "Operations": [remove]}).get("members", []), [])
        directory.call(204, "DELETE", at)


def google(step):
    directory = Directory()
    # Its members stand in another order, with the schemas last.
    profile = {
        "active": True,
        "emails": [{"type": "work", "primary": True, "value": "ada@example.org"}],
        "name": {"familyName": "Lovelace", "givenName": "Ada"},
        "phoneNumbers": [{"value": "+44 20 7946 0018", "type": "work"}, {"value": "+44 7700 900077", "type": "mobile"}],
        ENTERPRISE: {"employeeNumber": "1815"},
        "userName": "ada@example.org",
        "externalId": "101",
        "schemas": [CORE, ENTERPRISE],
    }

    with step("tests the connection by one user"):
        directory.find(count=1)
        equal(directory.find(filter='userName eq "ada@example.org"')["totalResults"], 0)

    with step("creates the user"):
        user = directory.call(201, "POST", "/Users", profile)
        path = f"/Users/{user['id']}"
        equal((user[ENTERPRISE]["employeeNumber"], len(user["phoneNumbers"])), ("1815", 2))
        equal(phone(user["id"]).status_code, 200)

    with step("suspends the user"):
        directory.call(200, "PUT", path, profile | {"active": False})
        is_out(user["id"])

    with step("deletes the user, and creates it again"):
        directory.call(204, "DELETE", path)
        equal(directory.find(filter='userName eq "ada@example.org"')["totalResults"], 0)
        again = directory.call(201, "POST", "/Users", profile)
        equal((again["id"], again["active"]), (user["id"], True))
        equal(phone(user["id"]).status_code, 200)


def main():
    suite = Suite("scim-vendors")
    for vendor in (entra, okta, google):
        suite.section(vendor.__name__, vendor)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
