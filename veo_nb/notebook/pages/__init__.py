"""What `%veo` prints beside the clips: the bill, help, settings, the greeting, and the notebooks that come along.

Each module makes one page out of values; none of them changes anything.
"""
