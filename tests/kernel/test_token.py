"""This machine's Google token is a secret as a key is: it is planted, quoted by the server, and looked for everywhere."""

from __future__ import annotations

import pytest

from tests.api.account import write_key_file
from tests.kernel.echo import POLLS, SUBMITS, Echo
from tests.kernel.kernel import Kernel
from tests.kernel.leaks import Surfaces
from tests.kernel.test_secrets import SHOW, SHOWN, over

pytestmark = pytest.mark.kernel

TOKEN = "ya29.Wq7/Lr3+Hx9Kd5Rt2Vb8Nm4Jp6/Gs1Fy0-Ce_Td"
START = """
import dataclasses, faulthandler, logging
logging.basicConfig(level=logging.DEBUG, filename="debug.log", force=True)
import veo_nb as veo
from veo_nb import catalog
catalog.PROVIDERS["vertex"] = dataclasses.replace(
    catalog.PROVIDERS["vertex"], requests_per_minute=10_000, in_flight=100, typical_seconds=1.0
)
"""


def test_a_token_gets_nowhere(clip, folder, tmp_path):
    with Echo(clip) as provider:
        account = write_key_file(tmp_path / "account.json", provider.serve_tokens(TOKEN))
        environment = {
            "VEO_NB_PROVIDER": "vertex",
            "VEO_NB_BASE_URL": provider.url,
            "GOOGLE_CLOUD_PROJECT": "my-project",
            "GOOGLE_APPLICATION_CREDENTIALS": str(account),
        }
        with Kernel(folder, **environment) as kernel:
            surfaces = Surfaces(kernel)
            assert kernel.run(START + "%load_ext veo_nb").failure is None
            for trick in (*SUBMITS, *POLLS):
                kernel.run(f"%%veo --out job\n{trick}.")
            ended = dict(eval(over(kernel, within=8)))
            assert ended["submit 404."] == "failed"
            for line in ("", "cost", "config", "doctor", "history"):
                kernel.run(f"%veo {line}")
            shown = kernel.run(SHOWN)
            assert shown.failure is None, shown.failure
            for mode in ("Verbose", "Context"):
                kernel.run(f"%xmode {mode}")
                failed = "[one for one in veo.history(100) if one.status == 'failed'][0]"
                assert kernel.run(f"try:\n    {failed}.wait()\nexcept veo.VeoError as e:\n    1 / 0").failure
                assert kernel.run(SHOW).failure is None
            surfaces.save_notebook(folder / "saved.ipynb")
            assert any(asked.keyed for asked in provider.asked)
            assert "[key]" in (folder / "debug.log").read_text()
            assert surfaces.leaking(TOKEN) == {}
