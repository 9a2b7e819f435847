"""Google's Files API, over which a large input is sent before the request that names it; it costs nothing.

`calls` makes the calls and reads what they are answered with, and is pure; `upload` sends a file by them, going on
where it was broken off.
"""
