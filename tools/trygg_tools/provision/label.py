"""The label on a tracker: its name to read, and a QR code for the tool that finds its unit again.

Nothing on it is secret and nothing names its wearer: who finds a tracker learns its name, and whom
to call if --text says so. 50 by 25 mm at 300 dots an inch, as label printers take it; PNG or PDF.
"""

from __future__ import annotations

import io
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

MM = 300 / 25.4  # dots
SIZE = (round(50 * MM), round(25 * MM))
MARGIN = round(1.5 * MM)
TEXT_DOTS = 26  # 2.2 mm: what a finder can read
LINE_MOST, TEXT_MOST = 22, 54  # letters of the finder's text


class LabelError(Exception):
    """It cannot be drawn or written; the text says what to do."""


def content(device: str, unit: str) -> str:
    """What the QR code says: `trygg:<device>:<unit>`."""
    return f"trygg:{device}:{unit}"


def demand_drawable(path: Path, text: str = "") -> None:
    """Raise LabelError before a tracker is made, and not when it has no label."""
    if path.suffix.lower() not in (".png", ".pdf"):
        raise LabelError(f"{path}: wanted a name that ends in .png or .pdf")
    if not path.parent.is_dir():
        raise LabelError(f"{path}: no folder {path.parent}. Make it, or name another")
    if len(text) > TEXT_MOST:
        raise LabelError(
            f"--label-text: wanted at most {TEXT_MOST} letters, which is what can be read on a"
            f" label; got {len(text)}"
        )
    try:
        import PIL
        import reportlab
        import segno
    except ImportError:
        raise LabelError("a label needs `pip install 'trygg[technician]'`") from None
    del PIL, reportlab, segno


def write_label(path: Path, device: str, unit: str, text: str = "") -> None:
    """One label. Raises LabelError for what `demand_drawable` refuses, or a disk that is full."""
    demand_drawable(path, text)
    from PIL import Image, ImageDraw

    label = Image.new("L", SIZE, 255)
    square = _code(content(device, unit))
    label.paste(square, (MARGIN, (SIZE[1] - square.height) // 2))
    draw = ImageDraw.Draw(label)
    left, top = 2 * MARGIN + square.width, 2 * MARGIN
    for said, wanted in (("Trygg", 34), (device, 60), (unit, 30)):
        top += _line(draw, said, wanted, (left, top))
    lines = textwrap.wrap(text, LINE_MOST)
    room = (SIZE[1] - MARGIN // 2 - top) / 1.4 / max(1, len(lines))
    for said in lines:
        top += _line(draw, said, min(TEXT_DOTS, int(room)), (left, top))
    try:
        label.save(path, resolution=300, dpi=(300, 300))
    except OSError as error:
        raise LabelError(f"{path}: cannot be written: {error.strerror or error}") from None


def _code(said: str) -> Image:
    """The QR code with its quiet zone, each of its squares the same whole number of dots."""
    import segno
    from PIL import Image

    code = segno.make(said, error="m", micro=False)
    drawn = io.BytesIO()
    code.save(drawn, kind="png", scale=(SIZE[1] - MARGIN) // code.symbol_size()[1])
    return Image.open(drawn).convert("L")


def _line(draw: ImageDraw, said: str, wanted: int, at: tuple[int, int]) -> int:
    """One line of letters as large as there is room; how far down the next one is."""
    import reportlab
    from PIL import ImageFont

    letters = str(Path(reportlab.__file__).parent / "fonts" / "VeraBd.ttf")  # has Nordic ones
    font = ImageFont.truetype(letters, wanted)
    room = (SIZE[0] - MARGIN - at[0]) / max(1.0, draw.textlength(said, font=font))
    dots = max(1, min(wanted, int(wanted * room)))
    draw.text(at, said, font=ImageFont.truetype(letters, dots), fill=0)
    return round(1.4 * dots)
