"""The command `veo-nb`: `demo`, `sandbox` and `doctor`."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import veo_nb
from veo_nb.errors import VeoError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 for success, 1 for failure, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="veo-nb", description="Experiment with Veo 3.1 in a notebook.")
    parser.add_argument("--version", action="version", version=f"veo-nb {veo_nb.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)

    demo = commands.add_parser(
        "demo", help="open the first notebook in JupyterLab, on the sandbox, with no key"
    )
    demo.add_argument(
        "--headless", action="store_true", help="run it without a browser and print the videos' paths"
    )
    demo.add_argument(
        "--folder",
        type=Path,
        default=Path("veo_demo"),
        help="where the notebook is copied to (default: %(default)s)",
    )
    demo.add_argument("--no-browser", action="store_true", help="start JupyterLab and print its address only")
    demo.add_argument(
        "--port", type=int, help="JupyterLab's port on this machine (default: a free one from 8888)"
    )

    from veo_nb.sandbox import __main__ as sandbox

    sandbox.add_arguments(
        commands.add_parser("sandbox", help="serve the same API on this machine; it renders real videos")
    )
    doctor = commands.add_parser("doctor", help="check the installation, and say what to do")
    doctor.add_argument(
        "--repair",
        action="store_true",
        help="check the library's ledger and files, and bring back what it can",
    )

    make_legible(sys.stdout)
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "demo":
            return _demo(chosen, sys.argv[1:] if arguments is None else arguments)
        if chosen.command == "sandbox":
            return sandbox.run(chosen)
        return _repair() if chosen.repair else _doctor()
    except VeoError as error:
        print(f"veo-nb: {error}", file=sys.stderr)
        return 1


def make_legible(stream: object) -> None:
    """Have a question mark written for a letter that a stream hasn't, in place of an error: in a file, Windows has few."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")


def _demo(chosen: argparse.Namespace, arguments: Sequence[str]) -> int:
    from veo_nb.demo import needs_lab, open_lab, run_headless, run_in_lab

    if needs_lab(headless=chosen.headless):
        return run_in_lab(arguments, lambda text: print(f"veo-nb: {text}", file=sys.stderr, flush=True))
    if not chosen.headless:
        return open_lab(chosen.folder, browser=not chosen.no_browser, port=chosen.port)
    for path in run_headless(chosen.folder):
        print(path)
    return 0


def _doctor() -> int:
    from veo_nb import doctor

    checks = doctor.examine(veo_nb.studio())
    print(doctor.format_checks(checks))
    return 0 if all(check.ok for check in checks) else 1


def _repair() -> int:
    report = veo_nb.studio().library.repair()
    print(report)
    return 1 if report.left else 0


if __name__ == "__main__":
    sys.exit(main())
