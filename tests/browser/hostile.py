"""A provider whose every word is a script, in each place where an answer has room for words."""

from __future__ import annotations

import json

from tests.kernel.echo import Answer, Echo, made

SCRIPT = (
    "</p></figure></td><script>alert('said')</script><img src=x onerror=alert('said')>"
    "<a href=\"javascript:alert('said')\">see</a><b>'\"&lt;"
)
TRICKS = (
    *(f"submit {status}" for status in (400, 401, 403, 404)),
    *("submit blocked", "submit nonsense", "submit page", "submit name"),
    *("poll failed", "poll filtered", "poll nothing", "poll 400", "poll 403"),
    *("address file", "address script", "address with the key"),
)
"""Those of the echo that end at once, and an address that is a script."""


class Hostile(Echo):
    """Says what the echo says, a script in place of the key."""

    def answer(self, method: str, path: str, body: bytes, key: str) -> Answer:
        return super().answer(method, path, body, SCRIPT)

    def _poll(self, path: str, prompt: str, name: str, key: str) -> Answer:
        if prompt != "address script":
            return super()._poll(path, prompt, name, key)
        samples = [{"video": {"uri": "javascript:alert('said')", "encoding": key}}]
        body = {"name": path.partition("/v1beta/")[2], **made(generatedSamples=samples)}
        return 200, {"content-type": "application/json"}, json.dumps(body).encode()

    @property
    def environment(self) -> dict[str, str]:
        """What points a studio at it, with a library whose very name is a script."""
        library = "clips <img src=x onerror=alert('named')>"
        return {"VEO_NB_PROVIDER": "sandbox", "VEO_NB_BASE_URL": self.url, "VEO_NB_LIBRARY": library}
