"""Values: how their classes are written, and how they show themselves.

`late` has the `dataclass` of this package, the standard library's, whose methods are written at first need; `shown` has a value
draw itself as HTML, by what a notebook gives it; `homes` says where each public name lives.
"""
