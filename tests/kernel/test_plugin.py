"""A provider of another package in a real kernel, which is killed while its clip is made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kernel.kernel import Kernel
from tests.kernel.test_completion import complete
from tests.plugin.conftest import lay_out_lumen
from tests.plugin.service import KEY, Lumen

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).parents[2]
CELL = "%%veo --model quick --aspect-ratio 1:1 --out job\nA fox crosses a frozen lake."


def test_a_kernel_that_is_killed_finds_the_clip_that_another_package_asked_for(folder, tmp_path, clip):
    lay_out_lumen(tmp_path / "site")
    lumen = Lumen(clip)
    lumen.looks = 10**6
    environment = {
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), str(ROOT)]),
        "LUMEN_API_KEY": KEY,
        "VEO_NB_BASE_URL": lumen.url,
    }
    with Kernel(folder, **environment) as kernel:
        assert "Lumen" in kernel.run("%load_ext veo_nb").stdout
        assert complete(kernel, "%%veo --model qui")[1] == ["quick"]
        kernel.run(CELL)
        kernel.run("import time\nwhile not job.operation: time.sleep(0.05)")
        kernel.kill()
        lumen.looks = 0
        new = kernel.again()
        assert "resumed 1 job" in new.run("%load_ext veo_nb").stdout
        assert new.run("%veo wait", timeout=90).failure is None
        again = new.run(CELL)
        assert "<video" in again.html
        [file] = (folder / "veo_library").rglob("*.mp4")
        assert file.read_bytes() == clip
        assert len(lumen.jobs) == 1
        assert KEY not in "".join(str(one) for one in [*kernel.messages, *new.messages])
    lumen.close()
