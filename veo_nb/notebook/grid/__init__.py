"""The grid of a sweep: living while something runs, a table of videos that needs no kernel when it is saved."""
