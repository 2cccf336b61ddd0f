"""Which calls are compared when there is one digit a call; no time is looked at."""

from contextlib import nullcontext

import pytest

from annarchy_process import Prediction
from bench import MLP_FACTOR, Bench, Settings
from sections import single_calls


class FakeAnnarchy:
    """Answers every call in two seconds."""

    def __init__(self, calls):
        self.calls = calls

    def predict(self, samples, steps):
        self.calls.append(("annarchy", samples.tobytes(), len(samples), steps))
        return Prediction(2.0, [[3]] * len(samples))


class FakeCompiled:
    """Notes what it is given."""

    def __init__(self, calls, precision):
        self.calls, self.precision = calls, precision

    def predict(self, samples):
        self.calls.append((self.precision, samples.tobytes(), len(samples)))


@pytest.fixture
def calls(monkeypatch):
    """What is called, of a bench in which nothing is built."""
    seen = []
    monkeypatch.setattr(single_calls, "_measure_network", lambda *_: None)
    monkeypatch.setattr(Bench, "network", lambda _, name: name)
    monkeypatch.setattr(
        Bench, "compiled", lambda _, _network, precision, _threads: FakeCompiled(seen, precision)
    )
    monkeypatch.setattr(Bench, "annarchy", lambda *_: nullcontext(FakeAnnarchy(seen)))
    return seen


def test_without_annarchy_it_is_left_out(calls, tmp_path):
    (table,) = single_calls.measure(Bench(Settings(annarchy=False), tmp_path))
    assert "C API, alone" in table.columns
    assert calls == []


def test_annarchy_gets_one_digit_a_call_between_annconvs(calls, tmp_path):
    settings = Settings(pairs=2, steps=7, quick=True)
    _, table = single_calls.measure(Bench(settings, tmp_path))
    assert [row[:4] for row in table.rows] == [
        (name, "1", digits, who)
        for name, digits in (("cnn", "2"), ("mlp", str(2 * MLP_FACTOR)))
        for who in ("ANNarchy", "single", "int16")
    ]
    assert all(row[4].startswith("2.00 s") for row in table.rows[::3])
    theirs = [index for index, call in enumerate(calls) if call[0] == "annarchy" and call[3] == 7]
    assert len(theirs) == 2 + 2 * MLP_FACTOR
    for index in theirs:
        digit, copies = calls[index][1:3], single_calls.COPIES
        assert digit[1] == 1
        before, after = calls[index - 2 * copies : index], calls[index + 1 : index + 1 + 2 * copies]
        order = [name for name in single_calls.PRECISIONS for _ in range(copies)]
        for beside in (before, after):
            assert [call[0] for call in beside] == order
            assert {call[1:] for call in beside} == {digit}
