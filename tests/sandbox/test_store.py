"""What the server remembers on disk, and what older ones left there."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time

from tests.sharing import needs_the_system, share_as_windows
from veo_nb.sandbox.store import Operation, Store


def test_the_sweep_takes_what_is_old_and_leaves_what_is_needed(tmp_path):
    store, hour, now = Store(tmp_path, "me"), 3600.0, time.time()

    def operation(name, ready):
        store.add(Operation(id=name, model="m", name=f"operations/{name}", recipe={}, ready=ready), ready)

    def lay(path):
        (tmp_path / path).write_bytes(b"x")
        os.utime(tmp_path / path, (0, 0))

    for name, finished in (("old", now - 3 * hour), ("ended", now - 1.5 * hour), ("young", now)):
        operation(name, now - 9 * hour)
        store.finish(name, [f"of{name}"], finished)
        lay(f"files/of{name}.mp4")
    operation("working", now - 9 * hour)
    for path in ("inputs/working-image.png", "inputs/old-image.png", "files/torn.part"):
        lay(path)
    store.forget(now - hour)
    left = {
        str(path.relative_to(tmp_path))
        for part in ("files", "inputs")
        for path in (tmp_path / part).iterdir()
    }
    assert left == {"files/ofyoung.mp4", "inputs/working-image.png"}
    found = {name: store.find(name) is not None for name in ("old", "ended", "young", "working")}
    assert found == {"old": False, "ended": True, "young": True, "working": True}
    store.close()


@needs_the_system
def test_what_somebody_is_loading_is_deleted_the_next_time(tmp_path, monkeypatch):
    """On Windows a file that is open can't be; the sweep goes on with the others."""
    share_as_windows(monkeypatch)
    store, now = Store(tmp_path, "me"), time.time()
    for name in ("a", "b"):
        store.add(Operation(id=name, model="m", name=f"operations/{name}", recipe={}, ready=now), now)
        store.finish(name, [f"of{name}"], now)
        store.file(f"of{name}").write_bytes(b"x")
    with store.file("ofa").open("rb"):
        store.forget(now + 1)
        assert [store.file(name).exists() for name in ("ofa", "ofb")] == [True, False]
    store.forget(now + 1)
    assert not store.file("ofa").exists()
    store.close()


def test_a_folder_of_an_older_server_is_brought_up_to_date(launch, tmp_path):
    first = launch(tmp_path, "--latency", "0")
    name = first.start({"prompt": "sandbox:fail"})
    said = 'The "moods": of a day'
    filtered = first.start({"prompt": f"{said} sandbox:filter"}).rpartition("/")[2]
    first.stop()
    with contextlib.closing(sqlite3.connect(tmp_path / "operations.db", isolation_level=None)) as base:
        for column in ("name", "storage", "finished", "facts", "until"):
            base.execute(f"ALTER TABLE operations DROP COLUMN {column}")
        base.execute("""UPDATE operations SET recipe = replace(recipe, '"prompts":', '"moods":')""")
        base.execute("PRAGMA user_version = 1")
    second = launch(tmp_path, "--latency", "0")
    assert second.poll(name)["error"]["code"] == 13
    second.stop()
    assert launch(tmp_path, "--latency", "0").poll(name)["error"]["code"] == 13
    with contextlib.closing(Store(tmp_path, "reader")) as store:
        found = store.find(filtered)
        assert found is not None
        assert found.recipe["shot"]["prompts"] == [f"{said} sandbox:filter"]
