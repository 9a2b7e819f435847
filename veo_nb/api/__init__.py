"""The wire: requests to JSON, JSON to operations or errors, and the client that carries them.

`client` is all that others need: submit, poll, download. What differs between providers is in a file a dialect
(`gemini`, `vertex`), chosen in `dialect`; what they share is in `wire`, a field's name on the wire too. `auth` says which host may see the key, `transport`
and `download` read what comes back, `errors` says what a refusal means, `retry` when to ask again.

To speak another wire, add a file beside `gemini` and a case to `dialect`; the sandbox needs its own, since it may share
none of this. Pure but for `client`, `transport`, `download`, `google` and `reach`. A POST is never repeated here.
"""
