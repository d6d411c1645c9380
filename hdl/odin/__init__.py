"""ODIN: a crossbar of spiking neurons with synapses that learn."""
