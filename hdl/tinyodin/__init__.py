"""tinyODIN: a time-multiplexed crossbar of leaky integrate-and-fire neurons without plasticity."""
