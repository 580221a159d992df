"""Every test of the bench has a planted fault of its own, and each fault still finds its text."""

import ast
import importlib.util
import sys
from pathlib import Path

import pytest

HIL = Path(__file__).parent / "hil"


@pytest.fixture(scope="module")
def mutants():
    """tests/hil/mutants.py, which is run as a program."""
    sys.path.insert(0, str(HIL))
    try:
        found = importlib.util.spec_from_file_location("hil_mutants", HIL / "mutants.py")
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
    finally:
        sys.path.remove(str(HIL))
    return module


def test_every_test_of_the_bench_has_a_fault_that_it_must_find(mutants):
    planted = {mutant.test.partition("[")[0] for mutant in mutants.MUTANTS}
    tests = {
        f"{path.name}::{node.name}"
        for path in sorted(HIL.glob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert tests - planted == set()
    assert planted - tests == set()


def test_every_fault_finds_its_text_once_and_plants_something_else(mutants, tmp_path):
    for mutant in mutants.MUTANTS:
        copy = tmp_path / mutant.file
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text((mutants.ROOT / mutant.file).read_text("utf-8"), "utf-8")
        before = mutants.plant(tmp_path, mutant)
        assert copy.read_text("utf-8") != before
        if copy.suffix == ".py":
            ast.parse(copy.read_text("utf-8"))


def test_a_text_that_is_gone_or_there_twice_is_an_error(mutants, tmp_path):
    (tmp_path / "twice.py").write_text("a = 1\na = 1\n")
    for file, right in (("twice.py", "a = 1"), ("twice.py", "a = 2"), ("none.py", "a")):
        with pytest.raises(mutants.PlantError, match="write the row anew"):
            mutants.plant(
                tmp_path, mutants.Mutant("a fault", file, right, "b", "test_x.py::test_y")
            )


@pytest.mark.parametrize(
    ("code", "said", "failed"),
    [
        (0, "1 passed in 2 s", False),
        (1, "E   assert 1 == 2\nFAILED tests/hil/test_x.py::test_y", True),
        (1, "ERROR tests/hil/test_x.py::test_y", None),
        (2, "interrupted", None),
        (5, "no tests ran", None),
        (0, "1 skipped in 2 s", None),
    ],
)
def test_a_fault_is_caught_by_an_assertion_and_by_nothing_else(mutants, code, said, failed):
    if failed is None:
        with pytest.raises(mutants.PlantError, match=f"ended with {code}"):
            mutants.judged(code, said, "", 2.0)
        return
    verdict = mutants.judged(code, said, "", 2.0)
    assert verdict.failed is failed
    assert verdict.why == ("assert 1 == 2" if failed else "")
