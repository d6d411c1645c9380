"""The parts of a test bench's driver that follow from a core's interface and its pins, as Verilog.

The parts in `driver/*.v` are the same for all cores.
"""

from collections.abc import Mapping

from ..interface.interface import Interface
from ..interface.native import port_name
from ..interface.pin_map import PinMap

__all__ = ["native_driver", "pins_driver", "sizes"]

#: Clock cycles for which levels at the pins stand still, and a pulse is high; and for which the
#: core may take to see one.
_STANDING = 4
_SETTLING = 8


def sizes(interface: Interface) -> str:
    """Return functions from a memory's space to its sizes."""
    memories = interface.memories.values()
    chunks = {memory.space: (-(-memory.width // 32) - 1).bit_length() for memory in memories}
    size = {memory.space: memory.bytes_per_word for memory in memories}
    parts = [
        _function("bytes_of", "Bytes of a word of a memory.", size),
        _function("chunk_bits", "Bits of the number of a chunk in a word of a memory.", chunks),
    ]
    return "\n".join(parts)


def _function(name: str, about: str, values: dict[int, int]) -> str:
    cases = "\n".join(f"      8'd{space}: {name} = {value};" for space, value in values.items())
    return f"""\
  // {about}
  function integer {name}(input [7:0] memory);
    case (memory)
{cases}
      default: {name} = 0;
    endcase
  endfunction
"""


def native_driver(interface: Interface) -> str:
    """Return the driver of the access port, of levels and of time steps."""
    payload = port_name("access", "request", "payload")
    values = {
        "write": "write",
        "space": "memory",
        "address": "word" if interface.access_unit == 8 else "address",
        "byte": "unit",
        "data": "content",
    }
    # Assigned as a whole: what is put together from parts is not what every simulator takes for one
    # change.
    fields = ", ".join(
        f"{field.width}'d0"
        if name not in values
        else values[name] + (f"[{field.width - 1}:0]" if field.width > 1 else "")
        for name, field in reversed(list(interface.request_layout))
    )
    parts = [
        f"""\
  // Access to a register, memory 0, or to a unit of a word of a memory.

  reg [31:0] address;

  task access_unit(input write, input [7:0] memory, input [31:0] word, input [7:0] unit,
                   input [31:0] content);
    begin
      address = (word << chunk_bits(memory)) + unit;
      {payload} = {{
        {fields}
      }};
      request;
    end
  endtask
""",
        _hold({name: name for name in interface.levels}, ""),
    ]
    step = interface.time_step
    if step is None:
        parts.append(_NO_TIME_STEPS)
    else:
        parts.append(f"""\
  task time_step;
    begin
      {step.pulse} = 1'b1;
      cycle;
      {step.pulse} = 1'b0;
      cycle;
      while (!at_rest) cycle;
      checks = checks + 1;
      if ({step.ready} !== 1'b1) begin
        $display("vectors[%0d]: not ready after a time step", place);
        fail;
      end
    end
  endtask
""")
    return "\n".join(parts)


def pins_driver(interface: Interface, pins: PinMap) -> str:
    """Return the driver of the published pins: their names, and the words of SPI transactions."""
    stream, bus = interface.inputs[interface.event], pins.buses[interface.event]
    output = pins.buses[interface.output]
    flags = "".join(
        f"      {bus.flags[name]} = word[{number}];\n"
        for number, name in enumerate(stream.flags, stream.address_bits)
    )
    spi = pins.spi
    page = _page(interface, pins)
    count = "" if spi.count_shift is None else f" | {1 << spi.count_shift}"
    return "\n".join(
        [
            f"""\
  // The published pins.

  localparam SPI_BITS = {spi.bits};

  wire event_acknowledge = {bus.acknowledge};
  wire output_request = {output.request};
  wire [31:0] output_word = {output.address};
  reg output_acknowledge;
  always @(output_acknowledge) {output.acknowledge} = output_acknowledge;

  task set_clock(input level);
    {pins.clock} = level;
  endtask

  task set_reset(input level);
    {pins.reset} = level;
  endtask

  task set_event(input [31:0] word);
    begin
      {bus.address} = word;
{flags}    end
  endtask

  task set_event_request(input level);
    {bus.request} = level;
  endtask
""",
            _spi_place(interface, pins),
            f"""\
  // A transaction of one data word: with a register, memory 0, or with a unit of a word of a memory.
  task access_unit(input write, input [7:0] memory, input [31:0] word, input [7:0] unit,
                   input [31:0] content);
    begin
{page}      shift(spi_place(memory, word, unit){count} |
              (write ? 32'd{spi.write} : 32'd{spi.read}), SPI_BITS,
            write ? {spi.write_half_period} : {spi.read_half_period});
      shift(write ? content : 32'd0, SPI_BITS, write ? {spi.write_half_period} : {spi.read_half_period});
      pass({spi.settling} + (write ? {spi.write_half_period} : {spi.read_half_period}));
    end
  endtask
""",
            _hold(pins.levels, f"      pass({_STANDING});\n"),
            _pin_time_step(interface, pins),
        ]
    )


def _spi_place(interface: Interface, pins: PinMap) -> str:
    """Return the function from what is accessed to the address in the first word of a
    transaction.
    """
    cases = ["      8'd0: spi_place = word;"]
    for name, memory in interface.memories.items():
        place = pins.spi.places[name]
        address = f"{place.step} * word + {place.unit_step} * unit"
        if place.page_bits is not None:
            address = f"({address}) & {(1 << place.page_bits) - 1}"
        case = f"      8'd{memory.space}: spi_place = {place.base} + ({address});"
        if case not in cases:
            cases.append(case)
    listed = "\n".join(cases)
    return f"""\
  // The address in the first word of a transaction.
  function [31:0] spi_place(input [7:0] memory, input [31:0] word, input [7:0] unit);
    case (memory)
{listed}
      default: spi_place = 32'd0;
    endcase
  endfunction
"""


def _page(interface: Interface, pins: PinMap) -> str:
    """Return statements that set the page of what is accessed, if there are pages."""
    spi = pins.spi
    if spi.page_register is None:
        return ""
    register = interface.registers[spi.page_register]
    cases = {}
    for name, memory in interface.memories.items():
        place = spi.places[name]
        if place.page_bits is not None:
            cases[memory.space] = (
                f"({place.step} * word + {place.unit_step} * unit) >> {place.page_bits}"
            )
    lines = [
        "      if (memory != 8'd0) begin",
        f"        shift(32'd{spi.first(write=True, address=register.address)}, SPI_BITS, "
        f"{spi.write_half_period});",
        "        case (memory)",
        *(
            f"          8'd{space}: shift({page}, SPI_BITS, {spi.write_half_period});"
            for space, page in cases.items()
        ),
        f"          default: shift(32'd0, SPI_BITS, {spi.write_half_period});",
        "        endcase",
        f"        pass({spi.settling + spi.write_half_period});",
        "      end",
    ]
    return "\n".join(lines) + "\n"


def _hold(levels: Mapping[str, str], then: str) -> str:
    """Return the task that holds a level, by its number."""
    if not levels:
        return """\
  task hold(input [31:0] number, input level);
    begin
      $display("there is no input %0d to be held at %b", number, level);
      fail;
    end
  endtask
"""
    cases = "\n".join(
        f"        32'd{number}: {port} = level;" for number, port in enumerate(levels.values())
    )
    return f"""\
  task hold(input [31:0] number, input level);
    begin
      case (number)
{cases}
        default: fail;
      endcase
{then}    end
  endtask
"""


_NO_TIME_STEPS = """\
  task time_step;
    begin
      $display("there are no time steps that a pulse ends");
      fail;
    end
  endtask
"""


def _pin_time_step(interface: Interface, pins: PinMap) -> str:
    step = interface.time_step
    if step is None:
        return _NO_TIME_STEPS
    pulse, ready = pins.pulses[step.pulse], pins.statuses[step.ready]
    return f"""\
  task time_step;
    begin
      {pulse} = 1'b1;
      pass({_STANDING});
      {pulse} = 1'b0;
      pass({_SETTLING});
      while ({ready} !== 1'b1) cycle;
      checks = checks + 1;
    end
  endtask
"""
