"""The forms of the wire, a file each: `gemini`, `vertex`, `interactions` and `videos`; `dialect` says what one is and which
a provider speaks.

Other packages bring theirs: `plugins` finds and checks them, and `foreign` is what they write and what stands before it.

A dialect is pure: it makes a call of a request, of an operation's name or of a video's address, and an operation of an
answer. Those to Veo's first two are read in one place, `api.answers`, and so are the refusals of all.
"""
