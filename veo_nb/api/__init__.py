"""The wire: requests to JSON, JSON to operations or errors, and the client that carries them.

`client` is all that others need: submit, poll, download, and the upload of what is too large for a submit (`files`). What
differs between providers is in a file a dialect
(`dialects.gemini`, `dialects.vertex`, `dialects.interactions`, `dialects.videos`), chosen in `dialects.dialect`; what they share is in
`wire`, a field's name on the wire too, and `answers` reads what comes back. `auth` says which host may see the key,
`transport` and `download` bring it, `errors` says what a refusal means for the call that met it, `retry` when to ask
again.

To speak another wire, add a file in `dialects` and a line in `FORMS`; the sandbox needs its own, since it may share
none of this. Pure but for `client`, `transport`, `download`, `files.upload`, `google` and `reach`. A POST is never repeated
here, but for the pieces of an upload, which cost nothing.
"""
