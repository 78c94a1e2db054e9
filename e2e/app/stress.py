"""Compile stress/arch.cue, and let stressed.py do its worst to it in a machine of its own."""

from __future__ import annotations

import shutil
import sys

import run
import trees
from waiting import Failure


def main() -> int:
    """Run all steps."""
    home = trees.temporary_home()
    source = trees.HERE / "stress" / "arch.cue"
    graph = trees.compile_graph(trees.build_platc(home), home, "stress", source)
    if graph is None:
        raise Failure("there is no application")
    packages = trees.fitting_environment([graph]) or trees.virtual_environment([graph])
    if not run.Run(home, [graph], packages, "stressed.py").run(1):
        print(f"trees and logs stay in {home}")
        return 1
    shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
