"""A sweep as it is taken away: one page, a video, a picture, a table, or a folder with all of it."""
