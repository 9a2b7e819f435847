"""The fourth form, `/v1/videos`: the sandbox as a gateway would show it, whatever model is asked for.

`body` reads a submit into an `Order`, from JSON or from a form with a file; `answer` writes what a poll says, `refusal` what
says no; `routes` puts them together. As in the other dialects the names and the limits are written down for a second time. Source: OpenAI's
reference of the videos API, read on 2026-11-29.

Beside the words of `veo_nb.sandbox` there is one more:

    sandbox:odd          it stands at a status that no page documents, and tells no progress, until it is done
"""
