"""Digests of the gateware: SHA-256 of the RTLIL of every tested configuration in every shell.

    python benchmarks/digests.py [--core NAME] > digests.txt
    python benchmarks/digests.py --compare digests.txt

A change that does not mean to change gateware leaves every digest as it is.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from amaranth.back import rtlil

from spikewright.hdl.catalogue import core_names, make_component, make_config, make_core
from spikewright.hdl.config import CoreConfig
from spikewright.hdl.interface.uart_shell import UartShell
from spikewright.sim.workload import find_workload

#: Shells of every configuration, and those of the published size alone, which differ from them only
#: by what the configuration's interface says.
_SHELLS = ("native", "pins")
_MORE_SHELLS = ("wishbone", "axi", "uart")

#: Clock cycles per bit of the serial line of the shell `uart`.
_DIVISOR = 12


def configurations(core: str) -> list[CoreConfig]:
    """Return the tested configurations of a core, the published one first."""
    pool = find_workload(core).CONFIGURATIONS
    return list(dict.fromkeys([make_config(core), *pool]))


def digests(core: str) -> Iterator[tuple[str, str]]:
    """Yield what was digested and its digest."""
    for config in configurations(core):
        shells = _SHELLS if config.changed else _SHELLS + _MORE_SHELLS
        for shell in shells:
            if shell == "uart":
                component = UartShell(make_core(config), _DIVISOR)
            else:
                component, _ = make_component(config, shell)
            text = rtlil.convert(component, name="top", emit_src=False)
            changed = ",".join(f"{name}={value}" for name, value in config.changed.items())
            yield f"{core} {shell} {changed or '-'}", hashlib.sha256(text.encode()).hexdigest()


def main() -> int:
    """Print the table, or compare it with an earlier one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--core", choices=core_names(), help="only this core")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="an earlier table")
    options = parser.parse_args()
    before = {}
    if options.compare:
        lines = options.compare.read_text(encoding="utf-8").splitlines()
        before = {line[17:]: line[:16] for line in lines}
    differ = 0
    for core in [options.core] if options.core else core_names():
        for what, digest in digests(core):
            if not options.compare:
                print(digest[:16], what, flush=True)
            elif before.get(what) != digest[:16]:
                differ += 1
                print("differs:" if what in before else "new:", what, flush=True)
    if options.compare:
        print(f"{differ} of the digests differ")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
