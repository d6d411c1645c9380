"""Configuration registers of ReckOn (specification, sections 1 and 4)."""

from ..interface.register import Register, RegisterMap
from .alpha_select import alpha_select_address
from .config import ReckonConfig

__all__ = ["registers"]


def _alpha_select(config: ReckonConfig) -> list[Register]:
    """Return the registers with a bit for each neuron word."""
    return [
        Register(
            f"alpha_select_{index}",
            alpha_select_address(index),
            min(32, config.neuron_words),
            "SPI_ALPHA_CONF",
            f"bit b belongs to neuron word {32 * index} + b: the top nibble of alpha is 8 if it is 1, "
            "else 7",
        )
        for index in range(-(-config.neuron_words // 32))
    ]


def _general(config: ReckonConfig) -> list[Register]:
    """Return the registers below 64."""
    return [
        Register(
            "config_mode",
            0,
            1,
            "SPI_EN_CONF",
            "1: allow memory access, and stop in CONFIG at the end of the next time step",
            reset=1,
        ),
        Register("oscillator_stage", 1, 9, "SPI_RO_STAGE_SEL", "no function"),
        Register("clock_monitor", 2, 1, "SPI_GET_CLKINT_OUT", "no function"),
        Register(
            "target_request_monitor",
            3,
            1,
            "SPI_GET_TAR_REQ_OUT",
            "1: MISO shows that the core waits for a target",
            reset=1,
        ),
        Register(
            "reset_to_zero",
            8,
            1,
            "SPI_RST_MODE",
            "1: a spike resets the potential to zero; 0: it subtracts the threshold",
        ),
        Register(
            "learn",
            9,
            3,
            "SPI_DO_EPROP",
            "weights that learn: bit 0 input, bit 1 recurrent, bit 2 output weights",
            reset=7,
        ),
        Register("local_tick", 10, 1, "SPI_LOCAL_TICK", "1: time steps come from a counter"),
        Register("halt_on_error", 11, 1, "SPI_ERROR_HALT", "1: stop after a timing error", reset=1),
        Register("shift_w_in", 12, 3, "SPI_FP_LOC_WINP", "left shift of input weights"),
        Register("shift_w_rec", 13, 3, "SPI_FP_LOC_WREC", "left shift of recurrent weights"),
        Register("shift_w_out", 14, 3, "SPI_FP_LOC_WOUT", "left shift of output weights"),
        Register("frac_trace_in", 15, 3, "SPI_FP_LOC_TINP", "fraction bits of input traces"),
        Register("frac_trace_rec", 16, 3, "SPI_FP_LOC_TREC", "fraction bits of recurrent traces"),
        Register("frac_trace_out", 17, 3, "SPI_FP_LOC_TOUT", "fraction bits of output traces"),
        Register("signal_scale", 18, 4, "SPI_LEARN_SIG_SCALE", "left shift of learning signals"),
        Register(
            "regul_mode",
            19,
            3,
            "SPI_REGUL_MODE",
            "firing-rate regularisation: bit 0 multiplicative, bit 1 additive, bit 2 (with bit 1) "
            "also outside target steps",
        ),
        Register(
            "regul_weights",
            20,
            2,
            "SPI_REGUL_W",
            "weights that are regularised: bit 0 input, bit 1 recurrent weights",
        ),
        Register(
            "stochastic_rounding",
            21,
            1,
            "SPI_EN_STOCH_ROUND",
            "1: potentials and traces are rounded at random as they leak",
        ),
        Register("memory_speed", 22, 8, "SPI_SRAM_SPEEDMODE", "no function"),
        Register(
            "timing_mode",
            23,
            1,
            "SPI_TIMING_MODE",
            "TIMING_ERROR_RDY shows 0: ready for the next time step; 1: a timing error has happened",
        ),
        Register(
            "regression",
            25,
            1,
            "SPI_REGRESSION",
            "1: targets are 16-bit numbers, one for each output; 0: the target is a label",
        ),
        Register(
            "single_label", 26, 1, "SPI_SINGLE_LABEL", "1: one label a sample is enough", reset=1
        ),
        Register("linear_output", 27, 1, "SPI_NO_OUT_ACT", "1: outputs have no hard sigmoid"),
        Register(
            "send_every_step",
            30,
            1,
            "SPI_SEND_PER_TIMESTEP",
            "1: output words at every time step; 0: at the end of a sample",
        ),
        Register(
            "send_label",
            31,
            1,
            "SPI_SEND_LABEL_ONLY",
            "1: send the winning label; 0: send the output potentials",
            reset=1,
        ),
        Register("noise", 32, 1, "SPI_NOISE_EN", "1: membrane noise"),
        Register(
            "force_traces",
            33,
            1,
            "SPI_FORCE_TRACES",
            "1: traces accumulate also where weights do not learn",
        ),
    ]


def _constants(config: ReckonConfig) -> list[Register]:
    """Return the registers of thresholds, values and rates."""
    rates = [
        Register(
            f"rate_{short}_{side}",
            address + offset,
            5,
            f"SPI_LR_{letter}_W{published}",
            f"learning rate of {kind} weights: shift to the {side}",
        )
        for address, short, published, kind in (
            (79, "in", "INP", "input"),
            (81, "rec", "REC", "recurrent"),
            (83, "out", "OUT", "output"),
        )
        for offset, side, letter in ((0, "right", "R"), (1, "left", "P"))
    ]
    return [
        *(
            Register(
                f"h_threshold_{index}",
                70 + index,
                16,
                f"SPI_THR_H_{index}",
                f"surrogate derivative: potentials below it (and not below an earlier one) are in "
                f"segment {index}; signed",
            )
            for index in range(4)
        ),
        *(
            Register(
                f"h_value_{index}",
                74 + index,
                5,
                f"SPI_H_{index}",
                f"surrogate derivative in segment {index}; signed",
            )
            for index in range(5)
        ),
        *rates,
    ]


def _seeds(config: ReckonConfig) -> list[Register]:
    """Return the registers that load random generators."""
    pair = 15 * config.neuron_lanes
    about = "writing it (with config_mode = 1) loads the generator of {}"
    lanes = ", 15 bits for each lane of a neuron word"
    return [
        Register("seed_in", 85, 25, "SPI_SEED_INP", about.format("input weight updates")),
        Register("seed_rec", 86, 25, "SPI_SEED_REC", about.format("recurrent weight updates")),
        Register("seed_out", 87, 22, "SPI_SEED_OUT", about.format("output weight updates")),
        Register(
            "seed_round_neuron",
            88,
            pair,
            "SPI_SEED_STRND_NEUR",
            about.format("the rounding of potentials") + lanes,
        ),
        Register(
            "seed_round_output",
            89,
            15,
            "SPI_SEED_STRND_ONEUR",
            about.format("the rounding of outputs"),
        ),
        *(
            Register(
                f"seed_round_trace_{short}",
                90 + index,
                pair,
                f"SPI_SEED_STRND_{published}",
                about.format(f"the rounding of {kind} traces") + lanes,
            )
            for index, (short, published, kind) in enumerate(
                (
                    ("in", "TINP", "input"),
                    ("rec", "TREC", "recurrent"),
                    ("out", "TOUT", "output"),
                )
            )
        ),
        Register("seed_noise", 93, 17, "SPI_SEED_NOISE_NEUR", about.format("the noise")),
    ]


def _sizes_and_regularisation(config: ReckonConfig) -> list[Register]:
    """Return the registers from 94 to 104."""
    last = config.neurons - 1
    strengths = [
        Register(
            f"regul_{short}_{side}",
            address + offset,
            5,
            f"SPI_REGUL_K_{published}_{letter}",
            f"additive regularisation of {kind} weights: shift to the {side}",
        )
        for address, short, published, kind in (
            (99, "in", "INP", "input"),
            (101, "rec", "REC", "recurrent"),
        )
        for offset, side, letter in ((0, "right", "R"), (1, "left", "P"))
    ]
    return [
        Register(
            "last_input",
            94,
            config.address_bits,
            "SPI_NUM_INP_NEUR",
            "number of inputs minus one",
            reset=last,
        ),
        Register(
            "last_neuron",
            95,
            config.address_bits,
            "SPI_NUM_REC_NEUR",
            "number of recurrent neurons minus one",
            reset=last,
        ),
        Register(
            "last_output",
            96,
            config.output_index_bits,
            "SPI_NUM_OUT_NEUR",
            "number of outputs minus one",
            reset=config.outputs - 1,
        ),
        Register(
            "regul_threshold",
            98,
            12,
            "SPI_REGUL_F0",
            "recurrent trace, without its fraction bits, above which regularisation acts",
        ),
        *strengths,
        Register(
            "regul_mul_right",
            103,
            5,
            "SPI_REGUL_K_MUL",
            "multiplicative regularisation: shift to the right",
        ),
        Register("noise_shift", 104, 4, "SPI_NOISE_STR", "noise: shift to the right"),
    ]


#: How the names of registers begin that serve learning alone.
_LEARNING = (
    "learn",
    "target_request_monitor",
    "signal_scale",
    "regul_",
    "single_label",
    "linear_output",
    "h_",
    "rate_",
    "seed_in",
    "seed_rec",
    "seed_out",
)


def registers(config: ReckonConfig) -> RegisterMap:
    """Return the register map of a configuration; what is not built in has no registers.

    Registers that the published chip does not reset are 0 after reset.
    """
    core_registers = [
        *_general(config),
        Register(
            "cycles_per_tick",
            64,
            32,
            "SPI_CYCLES_PER_TICK",
            "clock cycles of a time step, if local_tick is 1",
        ),
        *_alpha_select(config),
        Register(
            "kappa",
            69,
            8,
            "SPI_KAPPA",
            "decay of outputs and output traces, 128 being 1.0",
            reset=0x7A,
        ),
        *_constants(config),
        *_seeds(config),
        *_sizes_and_regularisation(config),
    ]
    if not config.learning:
        core_registers = [
            register for register in core_registers if not register.name.startswith(_LEARNING)
        ]
    core_registers.sort(key=lambda register: register.address)
    return RegisterMap(config.core, core_registers)
