"""A small copy of a clip, for a page that plays many at once: `shrink` writes it, `__main__` is the process that does so.

Nothing here knows of libraries: whoever starts the process says which file and where to.
"""
