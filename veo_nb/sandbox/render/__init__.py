"""The painter: a recipe becomes an MP4. `clip` is the door; the server runs it as a process of its own.

`shapes` are drawn by chance, `stage` makes layers of them, `scene` paints these with sky, water and weather. `photo`
has the pictures that were sent. What a prompt means is read in `veo_nb.sandbox.reading`, what it sounds like is
`veo_nb.sandbox.sound`.
"""
