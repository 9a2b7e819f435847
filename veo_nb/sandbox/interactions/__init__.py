"""The third dialect, Google's Interactions API, over which Gemini Omni is spoken to.

`body` reads a submit into an `Order`, `answer` writes what a poll says, `uploads` keeps what is sent beforehand, `routes`
puts them together. As in the other dialects the names are written down for a second time, and so are the limits: a
server that is asked knows its own. Source: OMNI.md's page on the service, read on 2026-11-29.

Further words in the prompt, beside those of `veo_nb.sandbox`:

    sandbox:incomplete   it ends `incomplete`, without a video
    sandbox:budget       it ends `budget_exceeded`
    sandbox:action       it ends `requires_action`
    sandbox:busy         it is taken, and ends at once as one too many (`too_many_requests`), which costs nothing
    sandbox:odd          it stands at a status that no page documents until it is done
"""
