"""What is not in its room yet."""
