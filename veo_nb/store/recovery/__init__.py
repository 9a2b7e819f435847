"""What a ledger comes back from: the journal beside it and the recipes beside the videos.

`journal` has every write once more, `sidecar` the recipe of each video, and `rebuild` opens a ledger or makes it anew
from both. Their formats only grow: files of former versions are read for ever. What drives the engine to fetch a
missing video again is `engine.repair`.
"""
