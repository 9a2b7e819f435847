"""Clips measured by a Dask cluster: one of a single worker, in this process."""

from __future__ import annotations

import pytest

from tests.media.measures.conftest import pan, write_clip
from veo_nb import errors


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> bytes:
    """A small clip."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(path, pan(2, 4, 160, 90), movflags="+faststart")
    return bytes(path.read_bytes())


@pytest.fixture
def client():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as connected,
    ):
        yield connected


@pytest.mark.filterwarnings(
    "ignore"
)  # its own, of threads and sockets that it leaves to the garbage collector
def test_a_dask_client_measures_and_says_when_it_is_gone(studio, client):
    sweep = studio.sweep(
        "A {{animal}} runs.", axes={"animal": ["fox", "owl"]}, resolution="720p", duration_seconds=4
    ).wait(60)
    executor = client.get_executor(pure=False)
    found = studio.measure(sweep.jobs[0], executor)
    assert found[0].found["motion"] > 10
    assert sweep.jobs[0].video.measures == found[0].found
    client.close()
    with pytest.raises(errors.VeoError, match="The executor gave up") as raised:
        sweep.measure(executor)
    assert "1 of 1 clips are not measured" in raised.value.message
    assert sweep.jobs[0].video.measures == found[0].found
