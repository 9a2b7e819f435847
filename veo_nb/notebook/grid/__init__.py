"""The grid of a sweep: living while something runs, a table of videos that needs no kernel when it is saved.

`view` is the widget, `state` what it shows, `protocol` the shapes of that, `previews` the small
copies that its cells play; `saved` is the table that takes its place in the
notebook, `plain` a table of text for a terminal and a dry run.
"""
