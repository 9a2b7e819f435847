"""What is done with video files: look inside, take pictures out, write and join.

`probe` tells the facts, `frames` takes pictures, `encode` writes an MP4, `join` makes one clip of several,
`sheet` puts many side by side.
Import the one you need: each loads PyAV, this package alone loads nothing.
"""
