from pathlib import Path

from annconv.frontend.layer_table import layer_table
from annconv.frontend.layers import HANDLERS

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "layers.md"


def test_the_committed_table_is_up_to_date():
    assert DOCUMENT.read_text(encoding="utf-8") == layer_table(), (
        "renew it: python -m annconv.frontend.layer_table > docs/layers.md"
    )


def test_every_handler_is_listed_and_described():
    table = layer_table()
    for name, handler in HANDLERS.items():
        assert f"`{name}`" in table
        assert handler.__doc__
