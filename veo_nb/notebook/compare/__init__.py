"""The blind comparison that a person sees: `ComparisonView`, what its page asks for, and what a saved notebook says of it.

Nothing that a page shows may tell which clip is which: no name, prompt, model or address of one is in any text here.
"""
