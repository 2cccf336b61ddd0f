"""A network handed over to other simulators and formats."""
