"""A Jupyter server whose kernels are forks of the tests' own process: `python -m tests.browser.server jupyterlab …`."""

from __future__ import annotations

import runpy
import sys

from jupyter_client import launcher

from tests.kernel import fork


def main() -> None:
    """Run the module that is named first, as `python -m` does."""
    # At once, so that no kernel is told of it.
    fork.door()
    launcher.Popen = fork.start_kernel
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
