"""Any message of the wire format that hypothesis can think of, by the rows of layouts.py."""

from hypothesis import strategies as st

from trygg_wire import layouts


def values_of(rows):
    """Values of these rows within their limits and on their steps."""
    return st.fixed_dictionaries(
        {row[0]: _value(row) for row in rows if row[0] != "spare"},
    )


def _value(row):
    name, form, low, high, step = row
    if form == "list":
        few = min(high, 4)
        return st.lists(values_of(layouts.LISTS[name]), min_size=low, max_size=max(low, few))
    if form == "text":
        return st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=high)
    if form in ("bytes", "raw"):
        return st.binary(min_size=low, max_size=min(high, 64) if form == "bytes" else high)
    if form == "lon":
        high -= 1
    return st.integers(low // step, high // step).map(lambda number: number * step)


def _first_age_is_the_records(values):
    for entry in (values.get("fixes") or values.get("evidence") or [])[:1]:
        entry["age_s"] = values["fix_age_s"]
    return values


@st.composite
def messages(draw):
    """(kind, values)."""
    kind = draw(st.sampled_from(sorted(layouts.ROWS)))
    return kind, _first_age_is_the_records(draw(values_of(layouts.ROWS[kind])))
