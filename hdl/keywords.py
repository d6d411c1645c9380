"""Words that no name in the generated files may be: keywords of the languages these are used
from.
"""

import keyword
import re
from collections.abc import Mapping

__all__ = ["KEYWORDS", "NAME_RULE", "VERILOG_KEYWORDS", "is_name", "languages_of"]

#: Of Verilog (IEEE 1364-2005) and SystemVerilog (IEEE 1800-2023).
_SYSTEMVERILOG = """
accept_on alias always always_comb always_ff always_latch and assert assign assume automatic
before begin bind bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle
checker class clocking cmos config const constraint context continue cover covergroup coverpoint
cross deassign default defparam design disable dist do edge else end endcase endchecker endclass
endclocking endconfig endfunction endgenerate endgroup endinterface endmodule endpackage
endprimitive endprogram endproperty endspecify endsequence endtable endtask enum event
eventually expect export extends extern final first_match for force foreach forever fork
forkjoin function generate genvar global highz0 highz1 if iff ifnone ignore_bins illegal_bins
implements implies import incdir include initial inout input inside instance int integer
interconnect interface intersect join join_any join_none large let liblist library local
localparam logic longint macromodule matches medium modport module nand negedge nettype new
nexttime nmos nor noshowcancelled not notif0 notif1 null or output package packed parameter pmos
posedge primitive priority program property protected pull0 pull1 pulldown pullup
pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase randsequence rcmos real realtime
ref reg reject_on release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1 s_always
s_eventually s_nexttime s_until s_until_with scalared sequence shortint shortreal showcancelled
signed small soft solve specify specparam static string strong strong0 strong1 struct super
supply0 supply1 sync_accept_on sync_reject_on table tagged task this throughout time
timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand trior trireg type typedef union
unique unique0 unsigned until until_with untyped use uwire var vectored virtual void wait
wait_order wand weak weak0 weak1 while wildcard wire with within wor xnor xor
"""

#: Of VHDL (IEEE 1076-2019), where upper and lower case are the same.
_VHDL = """
abs access after alias all and architecture array assert assume assume_guarantee attribute begin
block body buffer bus case component configuration constant context cover default disconnect
downto else elsif end entity exit fairness file for force function generate generic group guarded
if impure in inertial inout is label library linkage literal loop map mod nand new next nor not
null of on open or others out package parameter port postponed private procedure process property
protected pure range record register reject release rem report restrict restrict_guarantee return
rol ror select sequence severity shared signal sla sll sra srl strong subtype then to transport
type unaffected units until use variable view vmode vpkg vprop vunit wait when while with xnor xor
"""

#: Of C (ISO/IEC 9899:2024).
_C = """
alignas alignof auto bool break case char const constexpr continue default do double else enum
extern false float for goto if inline int long nullptr register restrict return short signed
sizeof static static_assert struct switch thread_local true typedef typeof typeof_unqual union
unsigned void volatile while asm fortran
_Alignas _Alignof _Atomic _BitInt _Bool _Complex _Decimal128 _Decimal32 _Decimal64 _Generic
_Imaginary _Noreturn _Static_assert _Thread_local
"""

#: Of C++ (ISO/IEC 14882:2023), alternative operators included.
_CPP = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t
char8_t class co_await co_return co_yield compl concept const const_cast consteval constexpr
constinit continue decltype default delete do double dynamic_cast else enum explicit export extern
false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr
operator or or_eq private protected public register reinterpret_cast requires return short signed
sizeof static static_assert static_cast struct switch template this thread_local throw true try
typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq
"""

#: Of SystemRDL 2.0.
_SYSTEMRDL = """
abstract accesstype addressingtype addrmap alias all bit boolean bothedge compact component
componentwidth constraint default encode enum external false field fullalign hw inside internal
level longint mem na negedge nonsticky number onreadtype onwritetype posedge property r rclr ref
reg regalign regfile rset ruser rw rw1 signal string struct sw this true type unsigned w w1 wclr
woclr woset wot wr wset wuser wzc wzs wzt
"""

#: Words by language. Verilog's are all among those of SystemVerilog.
KEYWORDS: Mapping[str, frozenset[str]] = {
    "SystemVerilog": frozenset(_SYSTEMVERILOG.split()),
    "VHDL": frozenset(_VHDL.split()),
    "C": frozenset(_C.split()),
    "C++": frozenset(_CPP.split()),
    "Python": frozenset(keyword.kwlist),
    "SystemRDL": frozenset(_SYSTEMRDL.split()),
}

#: Keywords of Verilog and SystemVerilog.
VERILOG_KEYWORDS = KEYWORDS["SystemVerilog"]

#: What a name has to be, for messages.
NAME_RULE = (
    "a letter, then letters, digits and single underscores between them, and no keyword of "
    f"{', '.join([*KEYWORDS][:-1])} or {[*KEYWORDS][-1]}"
)


def languages_of(name: str) -> list[str]:
    """Return the languages of which a name is a keyword."""
    return [
        language
        for language, words in KEYWORDS.items()
        if (name.lower() if language == "VHDL" else name) in words
    ]


def is_name(name: str) -> bool:
    """Tell whether a name can be used in all these languages as it is.

    VHDL takes neither two underscores in a row nor one at an end.
    """
    form = re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", name)
    return form is not None and not languages_of(name)
