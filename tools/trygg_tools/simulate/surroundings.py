"""What a sky is like in seven kinds of place: one row each, with where the figures come from.

error_m      standard deviation of the wandering error in each axis, once settled
wander_s     the time after which that error is mostly another one
hot_s        median time to a fix with valid ephemerides
download_s   median time to a fix without, which has to hear 30 s of data; 0: too weak to read it
found        share of the minutes in which there is a fix at all
claim        what GST says of the error, as a factor; below 1 the receiver is too sure of itself
wild_a_day   excursions a day: the fix jumps and stays wrong for a while
wild_m       their median size; log-normal, WILD_SPREAD
honest       share of excursions in which GST grows too; in the others it says nothing of them

Sources. Indoors: Kjærgaard et al., "Indoor Positioning Using GPS Revisited" (Pervasive 2010): RMS
in the plane below 5 m in wooden houses, below 10 m in most brick and concrete ones with a receiver
of its own; phones worse and with gaps. A tracker on a body has a phone's antenna, so the rows take
two to three times that. Street: phones on pavements 7 to 13 m (Merry and Bettinger, PLoS ONE 2019);
open sky 4.9 m radius (van Diggelen and Enge, ION 2015). Times to fix: u-blox MAX-M10S data sheet,
1 s hot and 24 to 29 s cold under open sky; indoors up to what users report. Excursions: field logs
of a phone lying indoors (GitHub Ikolvi/Tracelet #294): jumps of 44 to 700 m that claim 2 to 11 m,
gone within 10 to 45 s; one phone about once a day, one three times in three minutes. The sizes and
lengths are those; the shares, factors and rates between are our estimate.
"""

from typing import NamedTuple

WILD_SPREAD = 0.8  # of the logarithm: one in six beyond 2.2 times the median
WILD_LASTS_S = 10.0  # median
WILD_LASTS_SPREAD = 1.0  # one in twenty-five beyond a minute


class Surroundings(NamedTuple):
    """One row."""

    name: str
    error_m: float
    wander_s: int
    hot_s: float
    download_s: float
    found: float
    claim: float
    wild_a_day: float
    wild_m: float
    honest: float


OPEN = Surroundings("open sky", 2.0, 120, 1.5, 27, 1.0, 1.0, 0.1, 30, 0.5)
STREET = Surroundings("street", 6.0, 60, 3.0, 34, 0.99, 0.8, 2.0, 50, 0.5)
CAR = Surroundings("car", 4.0, 40, 3.0, 32, 0.98, 0.9, 1.0, 40, 0.5)
WOODEN = Surroundings("wooden house", 7.0, 90, 4.0, 33, 0.95, 0.7, 1.0, 60, 0.4)
BRICK = Surroundings("brick house", 15.0, 90, 8.0, 60, 0.8, 0.6, 4.0, 60, 0.4)
CONCRETE = Surroundings("deep in concrete", 30.0, 120, 18.0, 0, 0.25, 0.6, 8.0, 80, 0.5)
NOTHING = Surroundings("no reception", 0.0, 60, 0, 0, 0.0, 1.0, 0, 0, 0)

ALL = (OPEN, STREET, CAR, WOODEN, BRICK, CONCRETE, NOTHING)
