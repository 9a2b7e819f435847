"""Classes of values. `late` has the `dataclass` of this package, the standard library's, whose methods are written at first need."""
