"""The course of a sweep that is under way: how it is waited for, and which cells are asked for once more."""
