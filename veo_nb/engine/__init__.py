"""Jobs in the background: queued, sent, polled and fetched on one loop, driven by one process at a time.

`jobs` is what the studio has of all this: it enters a request, finds a job and goes on with it. `workspace` opens a
library at its first use and puts together what works on it: `loop`, the thread on which `engine` drives each `job`
over the route to its provider (`providers`), with what it needs there (`inputs`), to the files that `download` fetches;
`lease` says which process drives what. `fields` makes requests, `drafts` cheaper ones and their finals. `video` is what
comes out, `timing` how long several take, `repair` mends a library.

Nothing here knows sweeps or notebooks. A POST is sent in one place (`engine`), after its row was written; whoever
changes that reads `tests/faults` first.
"""
