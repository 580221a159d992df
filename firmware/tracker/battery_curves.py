"""How full a cell is at which voltage, and how much of it the cold leaves: rows by chemistry.

Charge rows are (mV, permille of a full cell) for a cell at rest or nearly so (a tracker draws a
hundredth of its capacity an hour), at room temperature; between two rows a straight line, beyond
the last one full or empty. Good to about ten per cent for lithium-ion. A LiFePO4 cell is so flat
between 20 and 90 % that its voltage says little more than that.

Cold rows are (degrees C, mV, permille): so much lower a cell stands than when warm, and so much of
it can be used before the transmitter's peaks pull it under the chip's least voltage. Warmer than
the first row: no correction.

Sources. li_ion: rested-cell charts of lithium-polymer makers (as Ampow's: 3.73 V at 20 %, 3.84 V
at 50 %), rounded. li_ion_4v35: the same shape, stretched to its end of charge. lifepo4: an A123
cell as logged by model flyers (3.20 V at 18 %, 3.27 V at 50 %, 3.32 V at 95 %). Cold: Battery
University BU-502, half of the capacity at -18 C; the rows between, and LiFePO4's, which suffers
more, are estimates; its curve is too flat for a sag to be taken off. All of it is to be replaced
by measurements on the cells that are bought.

Rows are text, "first second third, ...", since text stays in ROM while a tuple of tuples would lie
on the heap; `rows` reads those of one cell.
"""

from array import array

CHARGE = {
    "li_ion": "4180 1000, 4060 900, 3980 800, 3920 700, 3870 600, 3820 500, 3790 400, 3770 300,"
    "3740 200, 3680 100, 3450 50, 3000 0",
    "li_ion_4v35": "4320 1000, 4190 900, 4090 800, 4000 700, 3930 600, 3870 500, 3830 400,"
    "3790 300, 3750 200, 3690 100, 3450 50, 3000 0",
    "lifepo4": "3400 1000, 3320 950, 3306 850, 3290 740, 3276 610, 3270 500, 3262 400, 3240 310,"
    "3205 200, 3170 100, 3120 50, 2900 10, 2500 0",
}
COLD = {
    "li_ion": "20 0 1000, 10 5 950, 0 10 850, -10 25 700, -18 40 500, -30 80 200",
    "li_ion_4v35": "20 0 1000, 10 5 950, 0 10 850, -10 25 700, -18 40 500, -30 80 200",
    "lifepo4": "20 0 1000, 10 0 930, 0 0 800, -10 0 600, -18 0 400, -30 0 100",
}
DEFAULT = "li_ion"


def rows(text):
    """The numbers of the rows in `text`, one row after the other, as an array of shorts."""
    return array("h", [int(number) for number in text.replace(",", " ").split()])


def between(table, columns, at, column):
    """The value of `column` at `at` in column 0 of a table that falls from row to row."""
    above = 0
    if at >= table[0]:
        return table[column]
    for below in range(columns, len(table), columns):
        if at >= table[below]:
            span, step = table[above] - table[below], table[above + column] - table[below + column]
            return table[below + column] + (at - table[below]) * step // span
        above = below
    return table[above + column]
