"""The forms of the wire, a file each: `gemini` and `vertex`; `dialect` says what one is and which a provider speaks.

Other packages bring theirs: `plugins` finds and checks them, and `foreign` is what they write and what stands before it.

A dialect is pure: it makes a call of a request, of an operation's name or of a video's address. What comes back is read
in one place for all of them, `api.answers`.
"""
