"""What panels share, gathered on a thread of its own."""

from __future__ import annotations

import threading

from veo_nb.notebook.panel.state import PanelState
from veo_nb.notebook.place import Place


class Panel:
    """One that is told and shows nothing."""

    def take(self, state):
        """Nothing is looked at here."""


def test_a_change_never_waits_for_the_desk(studio, tmp_path):
    """It is told under the studio's lock, and on the loop that the desk waits for: both would stand still for ever."""
    panel_state = PanelState(lambda: studio, Place(tmp_path, None))
    panel, done = Panel(), threading.Event()
    panel_state.join(panel)

    def make() -> None:
        studio.generate("A fox.")
        done.set()

    with panel_state._lock:
        threading.Thread(target=make, daemon=True).start()
        assert done.wait(20)
        # The desk asks the loop under its lock, as it does at each look.
        assert studio.jobs.waiting() is not None
    panel_state.leave(panel)
