"""What a program can say of a clip without a person: how sharp, how much moves, how loud, how like its reference.

`definitions` says what each measure is, in words and units, and loads nothing; `clip` takes them of a file in one pass;
`picture`, `motion` and `sound` are the arithmetic, on arrays; `__main__` is the process that measures. Nothing here knows
of libraries: what is stored, and in which process it is worked out, is the affair of `veo_nb.measuring`.

A change that makes any number come out otherwise makes `VERSION` grow: what was stored before is then measured anew.
"""

from veo_nb.media.measures.definitions import MEASURES, VERSION, Found, Measure, shown

__all__ = ["MEASURES", "VERSION", "Found", "Measure", "shown"]
