"""How wrong a fix can be, from what the receiver says about itself; or that it is not believed.

The accuracy is a 68 % horizontal radius in decimetres.
- With GST it is the root of the sum of the squares of its two horizontal standard errors, but at
  least HDOP times 1 m: small receivers are not better than that, and say so in a street canyon.
- With a GST that states only the error of its ranges it is HDOP times that, at least 1 m.
- Without GST it is HDOP times the range error that is stated for the receiver, half of that with
  corrections (GGA quality 2 to 5). Where nothing is stated it is 6 m: a receiver on a body under
  trees has 4 to 6 m of range error; gpsd assumes 15 m for 95 %.
- In two dimensions (three satellites, or GSA says 2) the height is held and its error goes into
  the place: twice that.
- Never below 1 m.

It is not believed (-1) when the satellites cannot give it:
- fewer than 3 satellites, or neither GST nor a HDOP up to 50;
- a HDOP better than the best geometry: n satellites evenly round the horizon give 2 / sqrt(n)
  (each adds cos^2 of its bearing to the normal matrix, n / 2 in all). 10 % are left for rounding,
  and from 12 satellites on it is not asked, because many receivers count no further in GGA;
- standard errors below HDOP times 0.1 m without a carrier-phase solution (quality 4, 5).
"""

RANGE_ERROR_DM = 60  # of a receiver of which nothing is stated
LEAST_RANGE_ERROR_DM = 10  # GST is not believed to be better
IMPOSSIBLE_RANGE_ERROR_DM = 1  # GST that claims less is not believed at all
LEAST_DM = 10
WORST_DM = 20000  # 2 km in each direction; keeps squares within 30 bits
MOST_DM = 56570  # twice the root of two such squares
BEST_GEOMETRY = 32400  # HDOP in hundredths squared, times satellites: 0.9 * 2 / sqrt(n)
HDOP_WORST_E2 = 5000
UNBELIEVED = -1


def accuracy_dm(quality, satellites, hdop_e2, dimensions, claim, error_dm):
    """Judge one epoch. `claim` is GST's (ranges' error, latitude's, longitude's) in cm, `error_dm`
    the range error that is stated for the receiver. Absent values are -1.

    Gives 10..56570 dm, or UNBELIEVED.
    """
    hdop_known = 0 < hdop_e2 <= HDOP_WORST_E2
    if satellites < 3 or (
        hdop_known and satellites < 12 and hdop_e2 * hdop_e2 * satellites < BEST_GEOMETRY
    ):
        return UNBELIEVED
    if claim[1] >= 0 and claim[2] >= 0:
        radius = claimed_dm(quality, hdop_e2 if hdop_known else 0, claim)
        if radius < 0:
            return UNBELIEVED
    elif hdop_known:
        if claim[0] > 0:
            error_dm = max((claim[0] + 9) // 10, LEAST_RANGE_ERROR_DM)
        elif quality != 1:
            error_dm //= 2
        radius = (hdop_e2 * error_dm + 99) // 100
    else:
        return UNBELIEVED
    if satellites == 3 or dimensions == 2:
        radius *= 2
    if radius < LEAST_DM:
        return LEAST_DM
    return radius if radius < MOST_DM else MOST_DM


def claimed_dm(quality, hdop_e2, claim):
    """Judge GST's two standard errors; `hdop_e2` is 0 if unknown. UNBELIEVED if nothing can be so
    exact."""
    radius = hypot_dm(claim[1], claim[2])
    carrier_phase = quality == 4 or quality == 5
    if not radius or (not carrier_phase and radius * 100 < hdop_e2 * IMPOSSIBLE_RANGE_ERROR_DM):
        return UNBELIEVED
    return max(radius, (hdop_e2 * LEAST_RANGE_ERROR_DM + 99) // 100)


def hypot_dm(one_cm, other_cm):
    """Give the root of the sum of two squares, in dm and rounded up; 2 km a side at most."""
    one, other = min((one_cm + 9) // 10, WORST_DM), min((other_cm + 9) // 10, WORST_DM)
    square = one * one + other * other
    root = one + other  # never too small; Newton comes down to the floor of the root
    while root > 0 and root * root > square:
        root = (root + square // root) >> 1
    return root if root * root == square else root + 1
