"""The Python client `ucwa` of Skype for Business, as it was published in 2017: from autodiscover to a changed number.

The package is as it is. It was made for one host on the Internet, so requests for that host are sent to the server that
is tried; and for a library that took a UUID for a header, so it is given a `uuid` whose UUIDs are text."""

import os
import re
import sys
import uuid
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import requests
from requests.adapters import HTTPAdapter
from steps import Suite
from ucwa import actions

ENDPOINT = os.environ["CLIENTS_ENDPOINT"]
MICROSOFT = "https://webdir.online.lync.com"
CONFIG = {"redirect_uri": "https://bot.example.com", "domain": "example.com"}
PASSWORD = "correct horse battery"


class Here(HTTPAdapter):
    """What is sent to Microsoft goes to the server that is tried."""

    def send(self, request, **settings):
        request.url = request.url.replace(MICROSOFT, ENDPOINT, 1)
        return super().send(request, **settings)


def adapt():
    session = requests.Session()
    session.mount(MICROSOFT, Here())
    # A session has the calls of the library that the client makes.
    actions.requests = session
    actions.uuid = SimpleNamespace(uuid1=lambda: str(uuid.uuid1()))


def equal(actual, expected):
    assert actual == expected, f"expected {expected!r}, got {actual!r}"


def seam(path, body, **headers):
    answer = requests.post(ENDPOINT + path, json=body, headers=headers, timeout=60)
    answer.raise_for_status()
    return answer.json()


def person():
    """A new person with a password; gives their id."""
    key = {"authorization": f"Bearer {os.environ['CLIENTS_API_KEY']}"}
    fields = {"email_address": "jane@example.com", "full_name": "Jane Doe"}
    made = seam("/user_identities/create", fields, **key)["user_identity"]["user_identity_id"]
    console = {
        "authorization": f"Bearer {os.environ['CLIENTS_CONSOLE_SESSION']}",
        "seam-workspace": os.environ["CLIENTS_WORKSPACE_ID"],
    }
    seam("/user_identities/set_password", {"user_identity_id": made, "password": PASSWORD}, **console)
    return made


def refused(status, call, *arguments):
    try:
        call(*arguments)
    except requests.HTTPError as error:
        equal(error.response.status_code, status)
        return error.response
    raise AssertionError("it was not refused")


def sign_in(resource):
    """What the client leaves to its user: from the challenge to a token."""
    answer = refused(401, actions.do_user_discovery, resource, "none", CONFIG)
    href = re.search(r'MsRtcOAuth href="([^"]+)"', answer.headers["WWW-Authenticate"]).group(1)
    form = {"grant_type": "password", "username": "sip:jane@example.com", "password": PASSWORD}
    answer = requests.post(href, data=form, timeout=60)
    answer.raise_for_status()
    equal(answer.json()["token_type"], "Bearer")
    return answer.json()["access_token"]


def story(step):
    with step("finds the service"):
        frame, user, resource = actions.do_autodiscover(CONFIG["domain"])
        equal(resource, ENDPOINT)
        assert frame.startswith(ENDPOINT) and "originalDomain=example.com" in user, (frame, user)

    with step("is refused without a token and told where to get one"):
        person()
        token = sign_in(resource)
        assert token.startswith("cwt="), token

    with step("finds the person's applications"):
        found = actions.do_user_discovery(resource, token, CONFIG)
        equal(found["_links"]["applications"]["href"], f"{ENDPOINT}/ucwa/oauth/v1/applications")

    with step("begins an application and makes the person available"):
        application = actions.register_application(resource, token, CONFIG)
        home = application["_links"]["self"]["href"]
        equal((application["culture"], application["userAgent"]), ("en-US", actions.USER_AGENT))
        me = application["_embedded"]["me"]
        equal(me["name"], "Jane Doe")
        equal(actions.set_available(resource, home.rsplit("/", 1)[1], token, CONFIG), {})

    def get(href):
        return actions.oauth_request(resource + href, token, CONFIG["redirect_uri"])

    def post(href, message):
        return actions.oauth_post_request(resource + href, token, CONFIG["redirect_uri"], message)

    def phone(kind):
        phones = get(me["_links"]["phones"]["href"])["_embedded"]["phone"]
        return next(phone for phone in phones if phone["type"] == kind)

    with step("lists the four numbers"):
        phones = get(me["_links"]["phones"]["href"])
        equal([one["type"] for one in phones["_embedded"]["phone"]], ["work", "mobile", "home", "other"])
        equal({one["number"] for one in phones["_embedded"]["phone"]}, {""})

    with step("changes a number"):
        mobile = phone("mobile")
        message = {"number": "(425) 555-0199", "includeInContactCard": True}
        equal(post(mobile["_links"]["changeNumber"]["href"], message), {})
        changed = get(mobile["_links"]["self"]["href"])
        equal((changed["number"], changed["includeInContactCard"]), ("tel:+14255550199", True))
        assert changed["etag"] != mobile["etag"], changed

    with step("hides it, and sends JSON as text as well"):
        equal(post(mobile["_links"]["changeVisibility"]["href"], {"includeInContactCard": False}), {})
        equal(phone("mobile")["includeInContactCard"], False)
        href = resource + mobile["_links"]["changeVisibility"]["href"]
        text = '{"includeInContactCard": true}'
        equal(actions.oauth_post_text_request(href, token, CONFIG["redirect_uri"], text), {})
        equal(phone("mobile")["includeInContactCard"], True)

    with step("clears it"):
        equal(post(mobile["_links"]["changeNumber"]["href"], {}), {})
        equal((phone("mobile")["number"], phone("mobile")["includeInContactCard"]), ("", False))

    with step("is told what is no number"):
        answer = refused(400, post, mobile["_links"]["changeNumber"]["href"], {"number": "letters"})
        equal((answer.json()["code"], answer.json()["subcode"]), ("BadRequest", "NormalizationFailed"))

    with step("waits for events, of which there are none"):
        href = f"{resource}{application['_links']['events']['href']}&timeout=1"
        equal(actions.oauth_stream_request(href, token, CONFIG["redirect_uri"]).json()["sender"], [])


def main():
    adapt()
    suite = Suite(f"ucwa {version('ucwa')}")
    suite.section("a bot finds its numbers", story)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
