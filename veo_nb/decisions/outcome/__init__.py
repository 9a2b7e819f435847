"""What votes come to, around the ranking itself: votes from anywhere are read, and the outcome is put in words, a table and a plot."""
