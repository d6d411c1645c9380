"""ReckOn: a recurrent network of spiking neurons that learns on chip with e-prop."""
