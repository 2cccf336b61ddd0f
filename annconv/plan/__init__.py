"""Plan: what runs, as flat numbers, names and neuron statements."""
