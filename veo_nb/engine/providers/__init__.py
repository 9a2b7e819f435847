"""The way to each provider: `connection` and, of those who are on it at once, `queue`; `routes` has one for each.

`latency` is how long a clip takes there and when to look at it, `past` what the library knows of that.

A provider costs nothing before the first job goes there. What one of them refuses slows nobody else down.
"""
