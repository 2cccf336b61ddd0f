"""The machine's ceiling."""

import pytest

from annconv.machine import vector_bits
from peak import measure_peak, parse_peak

OUTPUT = (
    '{"clock": 3.5e9, "128": {"double": 1e9, "single": 2e9, "int16": 3e9}, '
    '"512": {"double": 4e9, "single": 5e9, "int16": 6e9}}'
)


def test_widths_and_precisions_are_told_apart():
    peak = parse_peak(OUTPUT)
    assert peak.clock == 3.5e9
    assert peak.adds(16, "single") == 2e9
    assert peak.adds(64, "int16") == 6e9


@pytest.mark.compiles
def test_every_width_of_the_machine_is_measured(tmp_path):
    peak = measure_peak(tmp_path)
    expected = [bits for bits in (128, 256, 512) if bits <= vector_bits()]
    assert sorted(peak.vector_adds) == expected
    for adds in peak.vector_adds.values():
        assert set(adds) == {"double", "single", "int16"}
        assert min(adds.values()) > 0
