"""Run the tests of one file under MicroPython: `micropython tests/on_micropython.py FILE`.

The tests are functions named test_* with plain asserts, the same files that pytest collects.
Started from the repository's root, so that vectors are found by the same relative names.
Prints a line per failure and a sum, and ends with 1 if anything failed or nothing was found.
"""

import gc
import sys


def load(path):
    """Import the file at `path` as a module, with the tree's packages on the path."""
    folder, name = path.rsplit("/", 1)
    sys.path[:0] = ["firmware", "tools", "tests", folder]
    return __import__(name[: -len(".py")])


def run(module):
    """Call every test of the module in its order of names; give (passed, failed)."""
    passed = failed = 0
    for name in sorted(dir(module)):
        if not name.startswith("test_"):
            continue
        gc.collect()
        try:
            getattr(module, name)()
            passed += 1
        except Exception as error:
            print("FAILED", name)
            sys.print_exception(error)
            failed += 1
    return passed, failed


def main(arguments):
    """Run the file named; the exit code is for the one who started us."""
    passed, failed = run(load(arguments[1]))
    print("passed", passed, "failed", failed)
    sys.exit(1 if failed or not passed else 0)


main(sys.argv)
