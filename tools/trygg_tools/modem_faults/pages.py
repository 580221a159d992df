"""Parts of a page that a tool writes, each between its two marks."""

BEGIN, END = "<!-- {name}: written by a tool, tested -->", "<!-- end of {name} -->"


def with_parts(page: str, parts: dict[str, str]) -> str:
    """The page with the parts put between their marks; a part without a place is left out."""
    for name, part in parts.items():
        begin, end = BEGIN.format(name=name), END.format(name=name)
        before, found, rest = page.partition(begin)
        if found and end in rest:
            page = f"{before}{begin}\n\n{part}\n\n{end}{rest.partition(end)[2]}"
    return page
