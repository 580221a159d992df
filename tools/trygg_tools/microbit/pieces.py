"""What of the core runs on the board: pieces that fit 9 KB, and what is asked of each.

A piece is some functions with all that they need. The same questions are put to the firmware's own
modules here and to the piece there, and the answers must be the same. Of the NMEA parser the
reading of fields and Epochs, which judges, fit; framing does not.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType

from tracker import (
    accuracy,
    fence_rule,
    fix,
    geo,
    gnss_date,
    nmea_fields,
    nmea_rows,
    physics,
    shape,
)


@dataclass(frozen=True)
class Piece:
    """Functions and classes `wanted` of `module`; `helper` is source that the questions call."""

    name: str
    module: ModuleType
    wanted: Sequence[str]
    questions: Sequence[str]
    helper: str = ""
    also: dict[str, object] = field(default_factory=dict)  # names that the helper uses
    without: Sequence[str] = ()  # what no question comes to, and is not sent


# `told` reads the fields of a body by a form, and sums up the state, which is too long to be said
HELPER = (
    "from array import array\n"
    "def told(body,form):\n"
    " state=array('i',bytes(220))\n"
    " good=read(body,6,len(body),form,state)\n"
    " c=0\n for v in state: c=(c*31+v)%99991\n"
    " return good,c\n"
)


def _fields() -> Piece:
    """From a sentence's fields to numbers. Framing, a function of one piece, needs more heap."""
    clock, place = "101530.00", "5955.62000,N,01042.06000,E"
    bodies = [
        f"GNRMC,{clock},A,{place},3.110,42.70,140626,,,A",
        f"GNGGA,{clock},{place},1,11,0.83,41.3,M,39.9,M,,",
        f"GNGST,{clock},4.0,2.1,1.8,10.0,2.10,1.80,3",
        f"GNGLL,{place},{clock},A,A",
        "GNRMC,101531.00,A,3351.9999999,S,18000.000,W,99999.9,360.00,140626,,,D",
        "GNGNS,101531.00,3351.9999999,S,18000.000,W,NAN,11,0.83,41.3,39.9,,,V",
        "GNVTG,42.70,T,,M,3.110,N,5.760,K,A",
        "GNZDA,101532.00,14,06,2026,00,00",
        "GNGGA,101532.00,9999.9,N,01042.06000,E,1,11,0.83,41.3,M,39.9,M,,",
        f"GNRMC,235960.00,V,{place},,,140626,,,N",
    ]
    questions = []
    for body in bodies:
        form = nmea_rows.FORMS[nmea_rows.NAMES.index(body[2:5].encode())]
        questions.append(f"told({body.encode()!r},{form!r})")
    also: dict[str, object] = {"array": array}
    return Piece("nmea fields", nmea_fields, ["read"], questions, HELPER, also)


def _judge() -> Piece:
    said = {
        nmea_rows.TIME: 36930000, nmea_rows.HAVE: 6, nmea_rows.LAT: 59927000,
        nmea_rows.LON: 10701000, nmea_rows.SAID: 16, nmea_rows.SAID + 1: 43,
        nmea_rows.SAID + 2: 140626, nmea_rows.SAID + 3: 1, nmea_rows.SAID + 4: 11,
        nmea_rows.SAID + 5: 83,
    }  # fmt: skip
    changes: list[dict[int, int]] = [
        {},
        {nmea_rows.TIME: 36931000, nmea_rows.LAT: -90000000, nmea_rows.LON: -180000000},
        {nmea_rows.TIME: 86400000, nmea_rows.DIMENSIONS: 2},
        {nmea_rows.TIME: 1000, nmea_rows.SAID + 2: 80407, nmea_rows.SAID + 5: 5000},
        {nmea_rows.TIME: 2000, nmea_rows.WRONG: 2},
        {nmea_rows.TIME: 3000, nmea_rows.SAID + 2: 60180},
        {nmea_rows.TIME: 86300000, nmea_rows.SAID + 2: 311253, nmea_rows.HAVE: 14,
         nmea_rows.GST_SAID: 400, nmea_rows.GST_SAID + 1: 210, nmea_rows.GST_SAID + 2: 180},
        {nmea_rows.TIME: 5000, nmea_rows.SAID + 4: 3, nmea_rows.SAID + 5: 60},
    ]  # fmt: skip
    questions = []
    for change in changes:
        values = {**said, **change}
        questions.append(f"put({[values.get(slot, 0) for slot in range(35)]!r})")
        questions.append("epochs._judge()")
    helper = (
        "from array import array\nstate=array('i',[0]*55)\nepochs=Epochs(state)\n"
        "def put(said):\n"
        " for at in range(35): state[at]=said[at]\n"
    )
    return Piece("nmea epochs", fix, ["Epochs"], questions, helper, {"array": array})


def _accuracy() -> Piece:
    cases = [(1, 11, 83, 3, (-1, -1, -1), 60), (1, 3, 5000, 2, (-1, -1, -1), 60)]
    cases += [(4, 8, 90, 3, (100, 1, 1), 60), (1, 8, 90, 3, (450, -1, -1), 60)]
    cases += [(1, 9, 120, 3, (0, north, 180), 60) for north in (0, 7, 210, 99999, 99999999)]
    questions = [f"accuracy_dm{case!r}" for case in cases]
    questions += [
        f"hypot_dm({one},{other})" for one, other in ((3, 4), (1999, 7), (200000, 200000))
    ]
    return Piece("accuracy", accuracy, ["accuracy_dm"], questions)


def _dates() -> Piece:
    dates = (221126, 80407, 230887, 60180, 290224, 290225, 311253, 10154, 0, -1, 999999)
    questions = [f"(day_number({date}),put_right(day_number({date})))" for date in dates]
    return Piece("dates", gnss_date, ["day_number", "put_right"], questions)


PLACES = ((59927000, 10701000), (-33866667, 151200000), (0, 0), (89999000, 179999999),
          (78220000, 15640000), (-90000000, 0), (12, -179999990))  # fmt: skip


def _geometry() -> Piece:
    questions = []
    for lat, lon in PLACES:
        for north, east in ((0, 0), (900, 0), (-4500, 9000), (40000, -31000)):
            far = (max(-90000000, min(90000000, lat + north)), lon + east)
            if abs(far[1]) <= 180000000:
                questions.append(f"Place({lat},{lon}).distance_cm(Place({far[0]},{far[1]}))")
                questions.append(f"Place({lat},{lon}).plane(Place({far[0]},{far[1]}))")
    return Piece("geometry", geo, ["Place"], questions)


def _ring(points: Sequence[tuple[int, int]]) -> dict[str, object]:
    return {"points": [{"lat_e6": lat, "lon_e6": lon} for lat, lon in points]}


def _distances() -> Piece:
    """Fences measured on the board, the shapes made here: its heap has no room for both."""
    questions = []
    for lat, lon in PLACES[:3]:
        outer = [(lat, lon), (lat + 2000, lon), (lat + 2000, lon + 3000), (lat, lon + 3000)]
        hole = [(lat + 500, lon + 500), (lat + 900, lon + 500), (lat + 900, lon + 1200)]
        head: dict[str, object] = {"lat_e6": lat, "lon_e6": lon}
        polygon = {**head, "shape": 1, "radius_dm": 0, "rings": [_ring(outer), _ring(hole)]}
        circle = {**head, "shape": 0, "radius_dm": 1500, "rings": []}
        for row in (polygon, circle):
            made, reason = shape.build(row)
            assert not reason
            for north, east in ((0, 0), (700, 600), (1000, 1500), (2500, 900), (-60000, 30000)):
                place = geo.Place(lat + north, lon + east)
                data = list(made.data)
                where = f"{place.x_cm},{place.y_cm},{place.z_cm}"
                questions.append(f"measure(array('i',{data!r}),{where},array('i',(0,0)))")
    from tracker import shape_plain

    return Piece(
        "distances",
        shape_plain,
        ["measure"],
        questions,
        "from array import array",
        {"array": array},
    )


def _reading() -> Piece:
    cases = [(-5000, 600, 1000, 300), (-100, 600, 1000, 300), (1599, 600, 1000, 300)]
    cases += [(1601, 600, 1000, 300), (-301, 600, 1000, 300)]
    return Piece("a fence's reading", fence_rule, ["read"], [f"read{case!r}" for case in cases])


def _physics() -> Piece:
    helper = (
        "class S:\n speed_refused_dm_s=600\n"
        "class P:\n def __init__(self,x): self.x=x\n"
        " def distance_cm(self,o): return abs(self.x-o.x)\n"
        "p=Physics(S())\n"
        "def judge(t,x,a): return p.judge(F(t,a),P(x)),p.refused\n"
        "class F:\n def __init__(self,t,a): self.time_s=t;self.accuracy_dm=a\n"
    )
    walk = [(100, 0, 50), (101, 500, 50), (101, 600, 50), (102, 900000, 50), (103, 1000, 50)]
    walk += [(104, 2000000, 50), (105, 2000100, 50), (106, 2000200, 50), (90, 2000200, 50)]
    return Piece("physics", physics, ["Physics"], [f"judge{step!r}" for step in walk], helper)


def pieces() -> list[Piece]:
    """All of them."""
    makers = (
        _fields,
        _judge,
        _accuracy,
        _dates,
        _geometry,
        _distances,
        _reading,
        _physics,
    )
    return [make() for make in makers]
