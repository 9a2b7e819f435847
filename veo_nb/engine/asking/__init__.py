"""What is asked for: the same as before, a draft, and a draft in full."""
