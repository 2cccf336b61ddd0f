"""Pictures of tables."""

from xml.etree import ElementTree

import pytest

from picture import save_picture
from tables import Chart

BARS = Chart("bars", "speed", ("fast", "slow"), (700.0, 1.0), "", "times", logarithmic=True)
LINE = Chart("line", "growth", (1.0, 2.0, 4.0), (3.0, 5.0, 9.0), "steps", "ms")


@pytest.mark.parametrize("charts", [[BARS], [LINE, LINE, BARS, LINE]])
def test_a_picture_holds_its_words_and_is_small(charts, tmp_path):
    path = tmp_path / "new" / "picture.svg"
    save_picture(charts, path)
    words = "".join(ElementTree.parse(path).getroot().itertext())  # noqa: S314  (our own file)
    for chart in charts:
        assert chart.title in words
        assert chart.y_label in words
    assert path.stat().st_size < 60_000


def test_the_same_numbers_make_the_same_file(tmp_path):
    for name in ("a.svg", "b.svg"):
        save_picture([BARS, LINE], tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
