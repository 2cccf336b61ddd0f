"""What is said of the machine."""

from machine import describe_machine, load_words


def test_a_busy_machine_is_named():
    assert load_words(0.5, threads=2) == "load 0.5"
    assert load_words(4.1, threads=2) == "load 4.1: OTHER WORK WAS RUNNING, THE TIMES MISLEAD"
    assert "MISLEAD" in load_words(0.5, threads=1)


def test_the_processor_and_its_vectors_are_named():
    first, packages, tools = describe_machine().splitlines()
    assert "-bit vectors, load " in first
    assert packages.startswith("annconv ")
    assert "CMake" in tools
