"""A library of standard cells with simple figures, in the place where the one of OSU018 is looked for."""

from types import SimpleNamespace

import pytest

#: Supply in V; capacitances in pF of a flip-flop's clock and data pins and of the other cells' input pins.
_FIGURES = {"voltage": 2.0, "clock": 5.0, "data": 4.0, "inverter": 1.0, "gate": 3.0}

#: Gates with two inputs; ABC does not start with fewer, nor without a buffer.
_GATES = {"NAND2X1": "(!(A B))", "NOR2X1": "(!(A+B))", "AND2X1": "(A B)", "OR2X1": "(A+B)"}

_GATE = """\
  cell ({name}) {{
    area : 2;
    pin(A) {{ direction : input; capacitance : {gate}; }}
    pin(B) {{ direction : input; capacitance : {gate}; }}
    pin(Y) {{ direction : output; capacitance : 0; function : "{function}"; }}
  }}
"""

_LIBERTY = """\
library(small) {{
  time_unit : "1ns";
  nom_voltage : {voltage};
  capacitive_load_unit (500, ff);
  cell (BUFX2) {{
    area : 2;
    pin(A) {{ direction : input; capacitance : {gate}; }}
    pin(Y) {{ direction : output; capacitance : 0; function : "(A)"; }}
  }}
  cell (INVX1) {{
    area : 1;
    pin(A) {{ direction : input; capacitance : {inverter}; }}
    pin(Y) {{ direction : output; capacitance : 0; function : "(!A)"; }}
  }}
{gates}  cell (DFFPOSX1) {{
    area : 4;
    ff (IQ, IQN) {{ next_state : "D"; clocked_on : "CLK"; }}
    pin(CLK) {{ direction : input; capacitance : {clock}; clock : true; }}
    pin(D) {{ direction : input; capacitance : {data}; }}
    pin(Q) {{ direction : output; capacitance : 0; function : "IQ"; }}
  }}
}}
"""


@pytest.fixture
def small_library(tmp_path, monkeypatch):
    """The figures, and `path`, the library's file."""
    path = tmp_path / "qflow" / "tech" / "osu018" / "osu018_stdcells.lib"
    path.parent.mkdir(parents=True)
    # The library counts capacitance in halves of a pF.
    units = {name: value * 2 for name, value in _FIGURES.items()}
    units["voltage"] = _FIGURES["voltage"]
    gates = "".join(
        _GATE.format(name=name, function=function, **units) for name, function in _GATES.items()
    )
    path.write_text(_LIBERTY.format(gates=gates, **units))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    return SimpleNamespace(path=path, **_FIGURES)
