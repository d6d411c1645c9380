"""Neuron updates on NumPy integer arrays; the files have the names of those in `hdl/neuron`."""
