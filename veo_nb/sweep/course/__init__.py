"""The course of a sweep that is under way: how it is waited for. It knows a sweep by what it needs of it."""
