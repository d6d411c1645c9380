"""Technologies: the facts that come with the package, and files of users."""

import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.memory.technology import (
    TECHNOLOGIES,
    check_macro_names,
    find_technology,
    read_technology,
)

GOOD = """\
name = "mine"
source = "data sheet"

[cells]
flip_flop = 20
multiplexer = 10.5

[interfaces.single]
idle = "held"
ties = [{ pin = "TEST", bits = "1", value = 0 }]

[[interfaces.single.ports]]
kind = "rw"
clock = "CK"
enable = "!CE"
write = "WE"
mask = "BW"
address = "A"
data_in = "D"
data_out = "Q"

[[macros]]
name = "ram_64x16"
interface = "single"
words = 64
width = 16
mask = 8
size = [100, 50.5]
"""


@pytest.fixture
def write(tmp_path):
    path = tmp_path / "mine.toml"

    def put(text):
        path.write_text(text)
        return path

    return put


def test_own_library(write):
    technology = find_technology(str(write(GOOD)))
    assert (technology.name, technology.source) == ("mine", "data sheet")
    assert (technology.cells.flip_flop, technology.cells.multiplexer) == (20, 10.5)
    (macro,) = technology.macros
    assert (macro.name, macro.words, macro.width, macro.mask) == ("ram_64x16", 64, 16, 8)
    assert (macro.address_bits, macro.bits, macro.area) == (6, 1024, 5050)
    (port,) = macro.interface.ports
    assert (port.enable, port.write, port.mask, port.read) == ("!CE", "WE", "BW", None)
    assert macro.interface.idle == "held"
    assert [(tie.pin, tie.bits, tie.value) for tie in macro.interface.ties] == [("TEST", "1", 0)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "mine"\n', "", "name is missing, allowed is a text"),
        ('name = "mine"', "name = 3", "name is 3, allowed is a text"),
        ('name = "mine"', 'nome = "mine"', "name is missing, allowed is a text"),
        ('source = "data sheet"', 'source = "data sheet"\ncolour = 3', "colour is unknown"),
        ("flip_flop = 20", "flip_flop = 0", "cells: flip_flop is 0, allowed is a number above 0"),
        ("flip_flop = 20", "flop = 20", "cells: flip_flop is missing, allowed is a number above 0"),
        (
            'kind = "rw"',
            'kind = "wr"',
            "interface single: port 1: kind is 'wr', allowed is r or w or rw",
        ),
        (
            'clock = "CK"',
            'clock = "C K"',
            "interface single: port 1: clock is 'C K', allowed is the name of a pin",
        ),
        ('clock = "CK"', 'clock = "!CK"', "clock is '!CK', allowed is the name of a pin"),
        ('data_in = "D"', 'data_in = "!D"', "data_in is '!D', allowed is the name of a pin"),
        (
            'data_in = "D"',
            'data_in = "Q"',
            "port 1: data_out is 'Q', allowed is a name that no other pin and no part of a model has",
        ),
        (
            'clock = "CK"',
            'clock = "TEST"',
            "tie 1: pin is 'TEST', allowed is a name that no other pin and no part of a model has",
        ),
        ('clock = "CK"', 'clock = "memory"', "clock is 'memory', allowed is a name that no other"),
        (
            'clock = "CK"',
            'clock = "port_0_new"',
            "clock is 'port_0_new', allowed is a name that no",
        ),
        (
            'clock = "CK"',
            'clock = "event"',
            "interface single: port 1: clock is 'event', allowed is the name of a pin",
        ),
        (
            'data_in = "D"\n',
            "",
            "interface single: port 1: data_in is missing, allowed is the name of a pin",
        ),
        (
            'data_in = "D"',
            'data_in = "D"\ncolour = 1',
            "interface single: port 1: colour is unknown",
        ),
        ('bits = "1"', 'bits = "2"', "tie 1: bits is '2', allowed is 1 or address or width"),
        ("value = 0", "value = 2", "tie 1: value is 2, allowed is 0 or 1"),
        ('idle = "held"', 'idle = "kept"', "idle is 'kept', allowed is held or undefined"),
        ("[[macros]]", "[macros]", "allowed is a list of macros"),
        (
            'name = "ram_64x16"',
            'name = "64x16"',
            "macro 1: name is '64x16', allowed is the name of a Verilog module",
        ),
        (
            "words = 64",
            "words = 100",
            "macro ram_64x16: words is 100, allowed is a power of two from 2 to 16777216",
        ),
        ("words = 64", "words = true", "words is True, allowed is a power of two"),
        (
            "width = 16",
            "width = 0",
            "macro ram_64x16: width is 0, allowed is a whole number from 1 to 4096",
        ),
        (
            "mask = 8",
            "mask = 5",
            "macro ram_64x16: mask is 5, allowed is a divisor of the width, 16",
        ),
        ('mask = "BW"\n', "", "mask is 8, but interface single has no mask pin"),
        ('interface = "single"', 'interface = "double"', "is 'double', allowed is single"),
        (
            "size = [100, 50.5]",
            "size = [100]",
            "size is [100], allowed is width and height in microns, if no area is given",
        ),
        ("size = [100, 50.5]", "size = [true, true]", "size is [True, True], allowed is width and"),
        ("size = [100, 50.5]", f"size = [{'9' * 400}, 1]", "allowed is width and height"),
        ("size = [100, 50.5]", "size = [inf, 1]", "size is [inf, 1], allowed is width and height"),
        ("size = [100, 50.5]", f"area = {'9' * 400}", "allowed is a number above 0"),
        ("words = 64", f"words = {'9' * 400}", "allowed is a power of two from 2 to 16777216"),
        ("words = 64", f"words = {'9' * 5000}", "a number is too long"),
        ("words = 64", f"words = 0x{'f' * 5000}", "words is a number of thousands of digits"),
        ("value = 0", f"value = 0x{'f' * 5000}", "value is a number of thousands of digits"),
        ("size = [100, 50.5]", "area = -1", "area is -1, allowed is a number above 0"),
        ('name = "mine"', "name = ", "not TOML: "),
    ],
)
def test_damaged_library(write, old, new, message):
    assert GOOD.count(old) >= 1
    path = write(GOOD.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        read_technology(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert message in text
    assert "\n" not in text
    assert len(text) < 400


def test_a_switch_may_be_a_boolean(write):
    """As TOML has them; elsewhere a boolean is no number."""
    for value in ("true", "false"):
        technology = read_technology(write(GOOD.replace("value = 0", f"value = {value}")))
        (tie,) = technology.macros[0].interface.ties
        assert type(tie.value) is int
        assert tie.value == (value == "true")


def test_macros_and_generated_modules_have_different_names(write):
    """Every macro is looked at, whether a memory is made of it or not."""
    technology = read_technology(write(GOOD))
    check_macro_names(technology, "tinyODIN")
    check_macro_names(technology, "ram_64x16_")
    for top in ("ram", "ram_64x16"):
        with pytest.raises(
            InputError,
            match=rf"^macro ram_64x16 of mine has the name of a generated module, {top} or {top}_",
        ):
            check_macro_names(technology, top)
    # Where nothing is instantiated there is no such module.
    for name in ("ice40", "inferred"):
        check_macro_names(find_technology(name), "SB")


def test_two_macros_of_one_name(write):
    macro = GOOD[GOOD.index("[[macros]]") :]
    path = write(GOOD + macro)
    with pytest.raises(InputError, match=r"mine\.toml: there are two macros ram_64x16$"):
        read_technology(path)


def test_no_macros(write):
    path = write('name = "mine"\nsource = "s"\nmacros = []\n')
    with pytest.raises(InputError, match=r"macros is empty, allowed is a list of one or more$"):
        read_technology(path)


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"none\.toml: cannot be read: No such file or directory$"):
        find_technology(str(tmp_path / "none.toml"))


def test_unknown_technology():
    with pytest.raises(InputError) as caught:
        find_technology("sky90")
    assert str(caught.value) == (
        "there is no memory technology 'sky90', allowed is inferred, ice40, ecp5, gowin, sky130, "
        "gf180mcu, ihp-sg13g2 or a file that ends in .toml"
    )


@pytest.mark.parametrize("name", TECHNOLOGIES)
def test_what_comes_with_it(name):
    technology = find_technology(name)
    assert technology.name == name
    assert technology.about
    if name == "inferred":
        return
    assert technology.source
    for macro in technology.macros:
        assert macro.roles(1) is not None
        if technology.instantiated:
            # The published names tell the size.
            words, width = macro.words, macro.width
            assert any(size in macro.name for size in (f"{words}x{width}", f"{width}x{words}")), (
                macro.name
            )
            assert macro.area is not None
            # Square microns of a bit: no cell of these processes is smaller or ten times as large.
            assert 1.5 < macro.area / macro.bits < 200


@pytest.mark.parametrize(
    ("technology", "macro", "words", "width", "mask", "area", "two_ports"),
    [
        ("sky130", "sky130_sram_1kbyte_1rw1r_32x256_8", 256, 32, 8, 190712.55, True),
        ("sky130", "sky130_sram_1kbyte_1rw1r_8x1024_8", 1024, 8, 8, 203273.238, True),
        ("sky130", "sky130_sram_2kbyte_1rw1r_32x512_8", 512, 32, 8, 284538.474, True),
        ("gf180mcu", "gf180mcu_fd_ip_sram__sram64x8m8wm1", 64, 8, 1, 100571.5568, False),
        ("gf180mcu", "gf180mcu_fd_ip_sram__sram512x8m8wm1", 512, 8, 1, 209400.2768, False),
        ("ihp-sg13g2", "RM_IHPSG13_1P_256x64_c2_bm_bist", 256, 64, 1, 93180.5344, False),
        ("ihp-sg13g2", "RM_IHPSG13_1P_512x64_c2_bm_bist", 512, 64, 1, 150102.4032, False),
        ("ihp-sg13g2", "RM_IHPSG13_2P_64x32_c2", 64, 32, 32, 52620.8821, True),
        ("ihp-sg13g2", "RM_IHPSG13_2P_1024x16_c2_bm_bist", 1024, 16, 1, 155153.8157, True),
    ],
)
def test_facts(technology, macro, words, width, mask, area, two_ports):
    """Sizes that are printed as such in data sheets, LEF or Liberty files."""
    found = {item.name: item for item in find_technology(technology).macros}[macro]
    assert (found.words, found.width, found.mask, found.area) == (words, width, mask, area)
    assert (found.roles(2) is not None) == two_ports
