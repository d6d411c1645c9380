"""LEARN: weights change by e-prop and by regularisation (specification, section 11).

First the errors of all outputs are computed, one in a cycle. Then work goes in pairs of operations.
In the first part of a group of neurons a pair is a neuron of the group: *signal* adds up its
learning signal, *output* updates its output weights. In the second part it is a pre-synaptic index:
*input* and *recurrent* update the weights from it. With fewer lanes than weights a pair is
repeated, beat by beat.

Operations go down a pipeline (`pipelined`), or, in the smallest cores, one stands still for six
cycles (`sequential`). Both walk through the indices (`walk`) and compute (`weights`, `signals`) in
the same way.
"""

from .phase import LearnPhase

__all__ = ["LearnPhase"]
