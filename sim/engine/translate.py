"""Translate a netlist of yosys to C++: integers of a machine word and one function a clock cycle.

What CXXRTL does for any design, for the designs of this project: one main clock, others slower than
it, no feedback without a flip-flop. Every piece of at most 64 bits is one unsigned integer and a
cycle is one block of simple statements. So the compiler has little to do, and the result is several
times as fast.

Most of a core rests most of the time. What only registers that did not change lead to is not
computed again; and what is needed only where a condition holds is computed only there.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ...hdl.error import InputError

__all__ = ["Unsupported", "translate"]

# Bits of a machine word.
_WORD = 64

_BITWISE = {"$and": "{} & {}", "$or": "{} | {}", "$xor": "{} ^ {}"}
_ARITHMETIC = {"$add": "{} + {}", "$sub": "{} - {}", "$mul": "{} * {}"}
_COMPARISONS = {"$lt": "<", "$le": "<=", "$gt": ">", "$ge": ">="}
_EQUALITIES = {"$eq": "==", "$eqx": "==", "$ne": "!=", "$nex": "!="}
_FLIP_FLOPS = {"$dff", "$dffe", "$sdff", "$sdffe", "$sdffce", "$adff", "$adffe"}

#: A read port without a clock.
_READ = "read"

#: When something happens: always if empty; else if all conditions hold, or one of those after
#: `_OR`. A condition is bits, and whether one of them or none must be set.
_Guard = tuple
_OR = "or"

#: What is computed: for each guard, statements with places for operands, and the operands.
_Sinks = dict[_Guard, list[tuple[str, list]]]

#: Fewer cells than this are computed always: that is quicker than to ask whether they must be.
_WORTHWHILE = 16


class Unsupported(InputError):
    """The netlist has something that this translation does not know."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the engine compiled does not know {what}; use --engine cxxrtl")


def _mask(width: int) -> str:
    return f"0x{(1 << width) - 1:x}u" + "ll" * (width > 32)


def _constant(value: int) -> str:
    return f"0x{value:x}ull"


def _number(cell: dict[str, Any], name: str) -> int:
    return int(cell["parameters"][name].replace("x", "0"), 2)


def _pieces(bits: Sequence) -> Iterator[tuple[int, Sequence]]:
    for start in range(0, len(bits), _WORD):
        yield start, bits[start : start + _WORD]


def _conditions(guard: _Guard) -> _Guard:
    return guard[1:] if guard[:1] == (_OR,) else guard


def _storage(width: int) -> str:
    return next(f"uint{size}_t" for size in (8, 16, 32, 64) if width <= size)


class _Translation:
    def __init__(self, module: dict[str, Any], clock: str) -> None:
        self.cells = [cell for cell in module["cells"].values() if cell["type"] != "$scopeinfo"]
        self.ports = module["ports"]
        self.clock = self.ports[clock]["bits"][0]
        # Who drives a bit: the name of a C++ variable, the number of the bit in it, its width.
        self.source: dict[int, tuple[str, int, int]] = {}
        self.makes: dict[str, tuple[str, list]] = {}
        self.edges: set[str] = set()
        self.memory_names: dict[int, str] = {}
        self.fields: list[str] = []
        self.state: list[str] = []
        self.commits: list[str] = []
        self.count = 0
        # Registers that change under the same guard are a group, with a number; others always may.
        self.groups: dict[_Guard, int] = {}
        self.group_of: dict[str, int] = {}
        self.initial: dict[int, str] = {}
        for net in module["netnames"].values():
            for bit, value in zip(
                net["bits"], reversed(net["attributes"].get("init", "")), strict=False
            ):
                self.initial[bit] = value

    # Values of bits

    def drive(self, bits: Sequence, name: str) -> None:
        for index, bit in enumerate(bits):
            self.source[bit] = (name, index, len(bits))

    def node(self, bits: Sequence, cell: dict[str, Any], start: int) -> None:
        """Note that a piece of a cell's output is computed on demand."""
        self.count += 1
        name = f"n{self.count}"
        self.makes[name] = (cell, start, len(bits))
        self.drive(bits, name)

    def runs(self, bits: Sequence) -> Iterator[tuple]:
        """Yield parts of an operand: position, variable or None, bit or constant, length,
        repeated.
        """
        position = 0
        while position < len(bits):
            bit = bits[position]
            end = position + 1
            if isinstance(bit, str):
                value = int(bit == "1")
                while end < len(bits) and isinstance(bits[end], str):
                    value |= (bits[end] == "1") << (end - position)
                    end += 1
                yield position, None, value, end - position, False
            else:
                name, index, _ = self.source[bit]
                while end < len(bits) and bits[end] == bit:
                    end += 1
                repeated = end > position + 1
                if not repeated:
                    while end < len(bits) and self.source.get(bits[end], ("", 0))[:2] == (
                        name,
                        index + end - position,
                    ):
                        end += 1
                yield position, name, index, end - position, repeated
            position = end

    def value(self, bits: Sequence) -> str:
        """Return an expression for at most a word of bits."""
        terms = []
        for position, name, index, length, repeated in self.runs(bits):
            if name is None:
                if index:
                    terms.append(_constant(index << position))
                continue
            term = self.variable(name)
            width = self.source_width[name]
            if repeated:
                if width > 1:
                    term = f"({term} >> {index} & 1)"
                term = f"(-uint64_t({term}) & {_mask(length)})"
            else:
                if index:
                    term = f"({term} >> {index})"
                if index + length < width:
                    term = f"({term} & {_mask(length)})"
            terms.append(f"(uint64_t({term}) << {position})" if position else term)
        if not terms:
            return "0ull"
        return f"({' | '.join(terms)})" if len(terms) > 1 else terms[0]

    def variable(self, name: str) -> str:
        """Return a variable, or the expression of a piece that is used once."""
        if name not in self.makes:
            return name
        if name not in self.done:
            self.done[name] = ""
            cell, start, length = self.makes[name]
            expression = self.expression(cell, start, length)
            if name in self.kept:
                self.blocks[self.support[name]].append(f"{name} = {expression};")
                self.done[name] = name
            elif self.uses[name] > 1:
                self.bodies[self.owner(name)].append(f"const uint64_t {name} = {expression};")
                self.done[name] = name
            else:
                self.done[name] = f"({expression})"
        if not self.done[name]:
            raise Unsupported("feedback without a flip-flop")
        return self.done[name]

    # Cells

    def operand(
        self, cell: dict[str, Any], port: str, width: int | None = None, alone: bool = False
    ) -> list:
        """Return an operand, extended to a width; `alone` if the other's sign has no influence."""
        bits = list(cell["connections"][port])
        if width is None or len(bits) >= width:
            return bits[:width]
        alone |= "B_SIGNED" not in cell["parameters"]
        signed = _number(cell, "A_SIGNED") and (alone or _number(cell, "B_SIGNED"))
        return bits + [bits[-1] if signed else "0"] * (width - len(bits))

    def operands(self, cell: dict[str, Any], start: int, length: int) -> list[list]:
        """Return the operands a piece of a cell needs: also what counts uses."""
        kind = cell["type"]
        connections = cell["connections"]
        end = start + length
        if kind in _BITWISE or kind in ("$not", "$xnor"):
            ports = [p for p in "AB" if p in connections]
            return [self.operand(cell, p, len(connections["Y"]))[start:end] for p in ports]
        if kind in _ARITHMETIC or kind in ("$neg", "$shl"):
            if len(connections["Y"]) > _WORD:
                raise Unsupported(f"wide {kind}")
            first = self.operand(cell, "A", len(connections["Y"]), alone=kind == "$shl")
            if kind == "$neg":
                return [first]
            if kind == "$shl":
                return [first, connections["B"]]
            return [first, self.operand(cell, "B", len(connections["Y"]))]
        if kind in _EQUALITIES or kind in _COMPARISONS:
            width = max(len(connections["A"]), len(connections["B"]))
            if width > _WORD and kind in _COMPARISONS:
                raise Unsupported(f"wide {kind}")
            a, b = (self.operand(cell, p, width) for p in "AB")
            pairs = zip(_pieces(a), _pieces(b), strict=True)
            return [piece for (_, x), (_, y) in pairs for piece in (x, y)]
        if kind in ("$logic_and", "$logic_or", "$logic_not") or kind.startswith("$reduce_"):
            ports = [p for p in "AB" if p in connections]
            return [piece for p in ports for _, piece in _pieces(connections[p])]
        if kind == "$mux":
            return [connections["S"], connections["B"][start:end], connections["A"][start:end]]
        if kind == "$pmux":
            width = len(connections["Y"])
            found = []
            for i, select in enumerate(connections["S"]):
                found += [[select], connections["B"][i * width + start : i * width + end]]
            return [*found, connections["A"][start:end]]
        if kind in ("$shift", "$shiftx", "$shr"):
            if _number(cell, "B_SIGNED") or _number(cell, "A_SIGNED"):
                raise Unsupported(f"signed {kind}")
            return [connections["B"], *(piece for _, piece in _pieces(connections["A"]))]
        if kind == "$sshr":
            width = max(len(connections["A"]), len(connections["Y"]))
            if _number(cell, "B_SIGNED") or width > _WORD:
                raise Unsupported(f"wide {kind}")
            # Filled with its sign up to a machine word.
            extended = self.operand(cell, "A", _WORD, alone=True)
            return [connections["B"], extended]
        if kind == _READ:
            return [cell["address"]]
        raise Unsupported(kind)

    def expression(self, cell: dict[str, Any], start: int, length: int) -> str:
        kind = cell["type"]
        bits = self.operands(cell, start, length)
        if kind == _READ:
            return f"{cell['memory']}[{self.value(bits[0])}]" + (
                f"[{start // _WORD}]" if cell["wide"] else ""
            )
        values = [self.value(piece) for piece in bits]
        mask = _mask(length)
        if kind in _BITWISE:
            return _BITWISE[kind].format(*values)
        if kind in _ARITHMETIC:
            return f"({_ARITHMETIC[kind].format(*values)}) & {mask}"
        if kind == "$xnor":
            return f"~({values[0]} ^ {values[1]}) & {mask}"
        if kind == "$not":
            return f"{values[0]} ^ {mask}"
        if kind == "$neg":
            return f"-{values[0]} & {mask}"
        if kind in _EQUALITIES:
            same = _EQUALITIES[kind]
            pairs = zip(values[::2], values[1::2], strict=True)
            return (" && " if same == "==" else " || ").join(f"{a} {same} {b}" for a, b in pairs)
        if kind in _COMPARISONS:
            if _number(cell, "A_SIGNED") and _number(cell, "B_SIGNED"):
                top = _constant(1 << (len(bits[0]) - 1))
                values = [f"({value} ^ {top})" for value in values]
            return f"{values[0]} {_COMPARISONS[kind]} {values[1]}"
        if kind == "$mux":
            return "{} ? {} : {}".format(*values)
        if kind == "$pmux":
            pairs = zip(values[:-1:2], values[1:-1:2], strict=True)
            return "".join(f"{a} ? {b} : " for a, b in pairs) + values[-1]
        if kind == "$shl":
            return f"shift_left({values[0]}, {values[1]}) & {mask}"
        if kind == "$sshr":
            return f"shift_signed({values[1]}, {values[0]}) & {mask}"
        if kind in ("$shift", "$shiftx", "$shr"):
            amount, *words = values
            if start:
                amount = f"{amount} + {start}"
            if len(words) == 1:
                return f"shift_right({words[0]}, {amount}) & {mask}"
            return f"select_bits<{len(words)}>({{{', '.join(words)}}}, {amount}) & {mask}"
        ports = [p for p in "AB" if p in cell["connections"]]
        if kind in ("$logic_and", "$logic_or"):
            cut = -(-len(cell["connections"]["A"]) // _WORD)
            sides = [" | ".join(values[:cut]), " | ".join(values[cut:])]
            return f"({sides[0]}) {'&&' if kind == '$logic_and' else '||'} ({sides[1]})"
        assert ports == ["A"]
        if kind == "$reduce_and":
            return " && ".join(
                f"{value} == {_mask(len(piece))}" for value, piece in zip(values, bits, strict=True)
            )
        if kind in ("$reduce_xor", "$reduce_xnor"):
            parity = f"__builtin_parityll({' ^ '.join(values)})"
            return parity if kind == "$reduce_xor" else f"!{parity}"
        zero = kind == "$logic_not"
        return f"({' | '.join(values)}) {'==' if zero else '!='} 0"

    # Memories

    def port(self, cell: dict[str, Any], name: str, number: int) -> list:
        bits = cell["connections"][name]
        kind = name[:2]
        width = len(bits) // _number(cell, f"{kind}_PORTS")
        return bits[number * width : (number + 1) * width]

    def flag(self, cell: dict[str, Any], name: str, number: int) -> int:
        return _number(cell, name) >> number & 1

    # The whole

    def run(self) -> str:
        """Return the source text."""
        registers = []
        sinks: _Sinks = {}
        for name, port in self.ports.items():
            if len(port["bits"]) > _WORD:
                raise Unsupported("ports of more than 64 bits")
            if port["direction"] == "input":
                self.drive(port["bits"], f"in_{name}")
                self.fields.append(f"uint64_t in_{name} = 0;")
            else:
                self.fields.append(f"uint64_t out_{name} = 0;")
                sinks.setdefault((), []).append((f"out_{name} = {{}};", [port["bits"]]))
        for cell in self.cells:
            if cell["type"] in _FLIP_FLOPS:
                self.flip_flop(cell)
                registers.append(cell)
            elif cell["type"] == "$mem_v2":
                self.memory(cell, sinks)
            elif "Y" in cell["connections"]:
                for start, piece in _pieces(cell["connections"]["Y"]):
                    self.node(piece, cell, start)
            else:
                raise Unsupported(cell["type"])
        self.source_width = {name: width for name, _, width in self.source.values()}
        self.group_registers(sinks, registers)

        others: _Sinks = {}
        for cell in registers:
            if self.is_main(cell):
                guard, items = self.register_sinks(cell)
                sinks.setdefault(guard, []).extend(items)
            else:
                self.other_clock(cell, others)
            if cell["type"].startswith("$adff"):
                self.asynchronous_reset(cell, others)
        return self.text(self.compute(others), self.compute(sinks, keep=True))

    def compute(self, sinks: _Sinks, keep: bool = False) -> list[str]:
        """Return statements that compute what is asked for, and no more.

        With `keep` some values are kept from cycle to cycle, until a register they come from
        changes.
        """
        self.done, self.uses = {}, Counter()
        # Who uses a piece: another one, or what happens under a guard.
        self.users: dict[str, set[str | _Guard]] = {}
        # A piece that is used once becomes part of the expression that uses it.
        waiting: list[tuple[str | _Guard, list]] = []
        for guard, items in sinks.items():
            waiting += [((), list(bits)) for bits, _ in _conditions(guard)]
            waiting += [(guard, bits) for _, operands in items for bits in operands]
        while waiting:
            user, operand = waiting.pop()
            for _, name, *_ in self.runs(operand):
                if name is None:
                    continue
                self.uses[name] += 1
                if name in self.makes:
                    if name not in self.users:
                        self.users[name] = set()
                        waiting += [(name, bits) for bits in self.operands(*self.makes[name])]
                    self.users[name].add(user)
        self.owners: dict[str, _Guard] = {}
        self.choose_kept(keep)

        self.bodies: dict[_Guard, list[str]] = {guard: [] for guard in ((), *sinks)}
        body = self.bodies[()]
        for support in sorted(self.blocks, key=lambda s: (s.bit_count(), s)):
            for name, own in self.support.items():
                if own == support and name in self.kept:
                    self.variable(name)
            body += [f"if ({self.changed(support)}) {{"]
            body += [*(f"    {line}" for line in self.blocks[support]), "}"]
        final = []
        for guard, items in sinks.items():
            condition = self.condition(guard)
            lines = [text.format(*map(self.value, operands)) for text, operands in items]
            if condition is None:
                final += lines
                continue
            lines = self.bodies[guard] + lines
            number = self.groups.get(guard)
            if number is not None and any(s >> number & 1 for s in self.blocks):
                lines.append(f"changing[{number // _WORD}] |= {_constant(1 << number % _WORD)};")
            final += [f"if ({condition}) {{", *(f"    {line}" for line in lines), "}"]
        return body + final

    def choose_kept(self, keep: bool) -> None:
        """Choose the pieces to keep, and note for each which groups of registers it comes from."""
        self.support: dict[str, int | None] = {}
        self.blocks: dict[int, list[str]] = {}
        self.kept: set[str] = set()
        if not keep:
            return

        def support(name: str) -> int | None:
            if name in self.support:
                return self.support[name]
            groups = 0
            # For feedback, which is found later, and for memories, which change by themselves.
            self.support[name] = None
            if self.makes[name][0]["type"] == _READ:
                return None
            for bits in self.operands(*self.makes[name]):
                for _, source, *_ in self.runs(bits):
                    if source is None:
                        continue
                    if source in self.makes:
                        more = support(source)
                    else:
                        number = self.group_of.get(source)
                        more = None if number is None else 1 << number
                    if more is None:
                        return None
                    groups |= more
            self.support[name] = groups or None
            return self.support[name]

        sizes = Counter(support(name) for name in self.users)
        for name, groups in self.support.items():
            if groups is None or sizes[groups] < _WORTHWHILE:
                continue
            self.blocks.setdefault(groups, [])
            others = any(
                not isinstance(user, str) or self.support[user] != groups
                for user in self.users[name]
            )
            if others or self.uses[name] > 1:
                self.kept.add(name)
                self.fields.append(f"uint64_t {name} = 0;")

    def changed(self, support: int) -> str:
        """Return the condition that a register of these groups has changed."""
        words = [
            (word, support >> start & ((1 << _WORD) - 1))
            for word, start in enumerate(range(0, support.bit_length(), _WORD))
        ]
        return " | ".join(f"(changed[{word}] & {_constant(mask)})" for word, mask in words if mask)

    def owner(self, name: str) -> _Guard:
        """Return the guard under which alone a piece is needed."""
        if name not in self.owners:
            found = set()
            for user in self.users[name]:
                if not isinstance(user, str):
                    found.add(user)
                elif self.support.get(user) in self.blocks:
                    found.add(())
                else:
                    found.add(self.owner(user))
            self.owners[name] = found.pop() if len(found) == 1 else ()
        return self.owners[name]

    def condition(self, guard: _Guard) -> str | None:
        parts = []
        for bits, positive in _conditions(guard):
            value = self.value(bits)
            parts.append(f"{'' if positive else '!'}{value if len(bits) == 1 else f'({value})'}")
        return (" || " if guard[:1] == (_OR,) else " && ").join(parts) or None

    def is_main(self, cell: dict[str, Any]) -> bool:
        if cell["connections"]["CLK"][0] != self.clock:
            return False
        if not _number(cell, "CLK_POLARITY"):
            raise Unsupported("falling edges of the main clock")
        return True

    def check_clock(self, bit: object, polarity: int) -> None:
        if bit != self.clock or not polarity:
            raise Unsupported("memories with another clock")

    def other_clock(self, cell: dict[str, Any], sinks: _Sinks) -> None:
        """Let a flip-flop of another clock take its next state when that clock has an edge."""
        clock, positive = cell["connections"]["CLK"][0], bool(_number(cell, "CLK_POLARITY"))
        if isinstance(clock, str):
            return  # it never has an edge
        edge = f"edge{clock}{'rise' if positive else 'fall'}"
        if edge not in self.edges:
            self.edges.add(edge)
            before = f"before{clock}{'rise' if positive else 'fall'}"
            self.fields.append(f"bool {before} = false;")
            change = f"value && !{before}" if positive else f"!value && {before}"
            sinks.setdefault((), []).append(
                (
                    f"bool {edge}; {{{{ const bool value = {{}}; {edge} = {change}; "
                    f"{before} = value; }}}} any |= {edge};",
                    [[clock]],
                )
            )
        guard, items = self.register_sinks(cell)
        for text, operands in items:
            target, _, value = text.partition(" = ")
            conditions = _conditions(guard)
            enabled = [f"{'' if wanted else '!'}{{}}" for _, wanted in conditions] or ["true"]
            join = " || " if guard[:1] == (_OR,) else " && "
            extra = [list(bits) for bits, _ in conditions]
            sinks.setdefault((), []).append(
                (f"if ({edge} && ({join.join(enabled)})) {target} = {value}", extra + operands)
            )

    def asynchronous_reset(self, cell: dict[str, Any], sinks: _Sinks) -> None:
        guard = ((tuple(cell["connections"]["ARST"]), bool(_number(cell, "ARST_POLARITY"))),)
        value = _number(cell, "ARST_VALUE")
        for number, (name, piece) in enumerate(cell["names"]):
            word = _constant(value >> number * _WORD & ((1 << len(piece)) - 1))
            sinks.setdefault(guard, []).append(
                (f"any |= now.{name} != {word}; next.{name} = {word};", [])
            )

    def flip_flop(self, cell: dict[str, Any]) -> None:
        pieces = _pieces(cell["connections"]["Q"])
        cell["names"] = [(self.register(piece), piece) for _, piece in pieces]

    def register(self, bits: Sequence) -> str:
        self.count += 1
        name = f"r{self.count}"
        value = sum((self.initial.get(bit) == "1") << i for i, bit in enumerate(bits))
        self.state.append(f"{_storage(len(bits))} {name} = {_constant(value)};")
        self.drive(bits, f"uint64_t(now.{name})")
        return name

    def register_sinks(self, cell: dict[str, Any]) -> tuple[tuple, list]:
        connections = cell["connections"]
        kind = cell["type"]
        enable = reset = None
        if kind in ("$dffe", "$sdffe", "$sdffce", "$adffe"):
            enable = ((tuple(connections["EN"]), bool(_number(cell, "EN_POLARITY"))),)
        for mark, port in (("$sdff", "SRST"), ("$adff", "ARST")):
            if kind.startswith(mark):
                reset = connections[port]
                positive = _number(cell, f"{port}_POLARITY")
                value = _number(cell, f"{port}_VALUE")
        items = []
        for number, (name, piece) in enumerate(cell["names"]):
            start = number * _WORD
            data = connections["D"][start : start + len(piece)]
            if reset is None:
                items.append((f"next.{name} = {{}};", [data]))
                continue
            word = _constant(value >> start & ((1 << len(piece)) - 1))
            choose = f"{{}} ? {word} : {{}}" if positive else f"!{{}} ? {word} : {{}}"
            if kind == "$adffe":
                # Reset works without the enable.
                sign = "" if enable[0][1] else "!"
                items.append(
                    (
                        f"next.{name} = {'' if positive else '!'}{{}} ? {word} : "
                        f"{sign}{{}} ? {{}} : now.{name};",
                        [reset, connections["EN"], data],
                    )
                )
            else:
                items.append((f"next.{name} = {choose};", [reset, data]))
        if kind == "$sdffe":
            return (_OR, (tuple(reset), bool(positive)), *enable), items
        return (() if kind == "$adffe" or enable is None else enable), items

    def group_registers(self, sinks: _Sinks, registers: list[dict[str, Any]]) -> None:
        """Note under which guard registers change; `sinks` has those of memories only."""
        of_memories = {
            text.partition(" = ")[0].removeprefix("next."): guard
            for guard, items in sinks.items()
            for text, _ in items
            if text.startswith("next.")
        }
        guards = list(of_memories.items())
        for cell in registers:
            if self.is_main(cell):
                guard, _ = self.register_sinks(cell)
                guards += [(name, guard) for name, _ in cell["names"]]
        for name, guard in guards:
            if guard:
                number = self.groups.setdefault(guard, len(self.groups))
                self.group_of[f"uint64_t(now.{name})"] = number

    def memory(self, cell: dict[str, Any], sinks: _Sinks) -> None:
        width, size = _number(cell, "WIDTH"), _number(cell, "SIZE")
        name = f"m{len(self.memory_names)}"
        self.memory_names[id(cell)] = name
        words = -(-width // _WORD)
        shape = f"[{1 << _number(cell, 'ABITS')}]" + (f"[{words}]" if words > 1 else "")
        if _number(cell, "OFFSET"):
            raise Unsupported("memory offset")
        init = cell["parameters"]["INIT"].replace("x", "0")
        content = int(init, 2)
        if content:
            values = [content >> (i * width) & ((1 << width) - 1) for i in range(size)]
            if words > 1:
                raise Unsupported("wide memory with contents")
            text = ", ".join(map(_constant, values))
            self.fields.append(f"{_storage(width)} {name}{shape} = {{{text}}};")
        else:
            self.fields.append(f"{_storage(min(width, _WORD))} {name}{shape} = {{}};")
        for number in range(_number(cell, "WR_PORTS")):
            if not self.flag(cell, "WR_CLK_ENABLE", number):
                raise Unsupported("write without a clock")
            self.check_clock(
                cell["connections"]["WR_CLK"][number], self.flag(cell, "WR_CLK_POLARITY", number)
            )
            enable = self.port(cell, "WR_EN", number)
            different = tuple(dict.fromkeys(bit for bit in enable if bit != "0"))
            port = f"{name}w{number}"
            self.fields.append(f"bool {port} = false;")
            self.fields.append(f"uint32_t {port}_address = 0;")
            self.fields.append(
                f"uint64_t {port}_data[{words}] = {{}}, {port}_mask[{words}] = {{}};"
            )
            items = [
                (f"{port} = true;", []),
                (f"{port}_address = {{}};", [self.port(cell, "WR_ADDR", number)]),
            ]
            data = self.port(cell, "WR_DATA", number)
            for start, piece in _pieces(data):
                i = start // _WORD
                items.append((f"{port}_data[{i}] = {{}};", [piece]))
                items.append((f"{port}_mask[{i}] = {{}};", [enable[start : start + _WORD]]))
            if len(different) > _WORD:
                raise Unsupported("memories with more than 64 write enables")
            sinks.setdefault(((different, True),), []).extend(items)
            commit = [f"if ({port}) {{", f"    {port} = false;"]
            for i in range(words):
                at = f"{name}[{port}_address]" + (f"[{i}]" if words > 1 else "")
                commit.append(
                    f"    {at} = ({at} & ~{port}_mask[{i}]) | ({port}_data[{i}] & {port}_mask[{i}]);"
                )
            self.commits += [*commit, "}"]
        for number in range(_number(cell, "RD_PORTS")):
            data = self.port(cell, "RD_DATA", number)
            address = self.port(cell, "RD_ADDR", number)
            writers = _number(cell, "WR_PORTS")
            mask = _number(cell, "RD_TRANSPARENCY_MASK") >> (number * writers) & (
                (1 << writers) - 1
            )
            if not self.flag(cell, "RD_CLK_ENABLE", number):
                made = {
                    "type": _READ,
                    "memory": name,
                    "address": address,
                    "wide": words > 1,
                    "connections": {},
                }
                for start, piece in _pieces(data):
                    self.node(piece, made, start)
                continue
            if mask:
                raise Unsupported("transparent read port")
            self.check_clock(
                cell["connections"]["RD_CLK"][number], self.flag(cell, "RD_CLK_POLARITY", number)
            )
            for reset in ("RD_SRST", "RD_ARST"):
                if cell["connections"][reset][number] not in ("0", "x"):
                    raise Unsupported("read port with reset")
            items = []
            for start, piece in _pieces(data):
                at = f"{name}[{{}}]" + (f"[{start // _WORD}]" if words > 1 else "")
                items.append((f"next.{self.register(piece)} = {at};", [address]))
            enable = self.port(cell, "RD_EN", number)
            guard = () if enable == ["1"] else ((tuple(enable), True),)
            sinks.setdefault(guard, []).extend(items)

    def text(self, others: list[str], main: list[str]) -> str:
        def block(lines: list[str], depth: int) -> str:
            return "\n".join("    " * depth + line for line in lines)

        words = len(self.groups) // _WORD + 1
        return f"""\
#include <cstdint>

static inline uint64_t shift_left(uint64_t value, uint64_t by) {{ return by < 64 ? value << by : 0; }}
static inline uint64_t shift_right(uint64_t value, uint64_t by) {{ return by < 64 ? value >> by : 0; }}
static inline uint64_t shift_signed(uint64_t value, uint64_t by) {{
    return int64_t(value) >> (by < 63 ? by : 63);
}}

template<unsigned Words> struct Words_of {{ uint64_t word[Words]; }};
template<unsigned Words> static inline uint64_t select_bits(const Words_of<Words> &value, uint64_t by) {{
    const uint64_t first = by / 64, rest = by % 64;
    const uint64_t low = first < Words ? value.word[first] >> rest : 0;
    return first + 1 < Words ? low | value.word[first + 1] << 1 << (63 - rest) : low;
}}

struct Design {{
    struct State {{
{block(self.state, 2)}
    }};
    State now, next;
{block(self.fields, 1)}

    // A bit for each group of registers: whether they changed at the last edge, and will at the next.
    uint64_t changed[{words}], changing[{words}] = {{}};

    Design() {{ for (auto &word : changed) word = -1; }}

    // Lets other clocks and asynchronous resets act; tells whether one did.
    bool others() {{
        bool any = false;
{block(others, 2)}
        if (any) {{
            now = next;
            for (auto &word : changed) word = -1;
        }}
        return any;
    }}

    // Computes outputs and the next state from inputs and the state.
    void eval() {{
        while (others()) {{}}
{block(main, 2)}
    }}

    // Takes the next state: the clock edge.
    void commit() {{
        now = next;
        for (unsigned i = 0; i < {words}; i++) {{
            changed[i] = changing[i];
            changing[i] = 0;
        }}
{block(self.commits, 2)}
    }}
}};
"""


def translate(netlist: dict[str, Any], top: str, clock: str) -> str:
    """Return C++ for the module `top` of a netlist that yosys wrote as JSON.

    Raises
    ------
    Unsupported
        If it has something that is not translated.
    """
    return _Translation(netlist["modules"][top], clock).run()
