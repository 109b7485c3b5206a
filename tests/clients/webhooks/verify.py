"""Verifies messages, given as JSON on standard input, with the SDK that this interpreter has installed and with svix."""

import json
import sys
from importlib.metadata import version

import seam
from svix.webhooks import Webhook, WebhookVerificationError


def is_taken(verify, message):
    try:
        verify(message["body"], message["headers"])
    except WebhookVerificationError:
        return False
    return True


def main():
    for message in json.load(sys.stdin):
        for secret, is_good in message["secrets"]:
            verifiers = {"SeamWebhook": seam.SeamWebhook(secret).verify, "svix": Webhook(secret).verify}
            for name, verify in verifiers.items():
                taken = is_taken(verify, message)
                assert taken == is_good, f"{name}: {message['what']}: {'taken' if taken else 'refused'}"
        good = next(secret for secret, is_good in message["secrets"] if is_good)
        event = seam.SeamWebhook(good).verify(message["body"], message["headers"])
        sent = json.loads(message["body"])
        # Newer SDKs give types that they do not know as the bare dictionary.
        read = event.get if isinstance(event, dict) else lambda name: getattr(event, name)
        for name in ("event_id", "event_type", "created_at"):
            assert read(name) == sent[name], f"{name} of {message['what']}: {read(name)!r}"
        broken = {**message, "body": message["body"].replace(sent["event_id"], sent["workspace_id"])}
        assert not is_taken(seam.SeamWebhook(good).verify, broken), f"{message['what']}: a changed body is taken"
    print(f"seam {version('seam')}, svix {version('svix')}")


if __name__ == "__main__":
    main()
