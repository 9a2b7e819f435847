"""Clips measured: what is stored already is read, the rest is worked out in processes of its own and kept.

`measuring` hands the clips out and keeps what comes back, to whichever `concurrent.futures.Executor` it is given;
`workers` are the processes of this machine, where it is given none; `measurements` is what a person gets to see. What the
measures are is said in `veo_nb.media.measures`, and nothing here knows of sweeps.
"""

from veo_nb.measuring.measurements import Measurement, Measurements, key_of
from veo_nb.measuring.measuring import Measuring

__all__ = ["Measurement", "Measurements", "Measuring", "key_of"]
