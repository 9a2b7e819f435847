"""The way to each provider: `connection` and, of those who are on it at once, `queue`; `routes` has one for each.

A provider costs nothing before the first job goes there. What one of them refuses slows nobody else down.
"""
