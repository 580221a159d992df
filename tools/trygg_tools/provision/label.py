"""The label on a tracker: its name to read, and a QR code for the tool that finds its unit again.

Nothing on it is secret and nothing names its wearer: who finds a tracker learns its name, and whom
to call if --text says so. 50 by 25 mm at 300 dots an inch, as label printers take it; PNG or PDF.
"""

from __future__ import annotations

import io
from pathlib import Path

MM = 300 / 25.4  # dots
SIZE = (round(50 * MM), round(25 * MM))
MARGIN = round(1.5 * MM)


class LabelError(Exception):
    """It cannot be drawn or written; the text says what to do."""


def content(device: str, unit: str) -> str:
    """What the QR code says: `trygg:<device>:<unit>`."""
    return f"trygg:{device}:{unit}"


def write_label(path: Path, device: str, unit: str, text: str = "") -> None:
    """One label. Raises LabelError for another ending than .png and .pdf, or missing parts."""
    if path.suffix.lower() not in (".png", ".pdf"):
        raise LabelError(f"{path}: wanted a name that ends in .png or .pdf")
    try:
        import reportlab
        import segno
        from PIL import Image, ImageDraw, ImageFont
    except ImportError:
        raise LabelError("a label needs `pip install 'trygg[technician]'`") from None
    letters = str(Path(reportlab.__file__).parent / "fonts" / "VeraBd.ttf")  # has Nordic ones
    code = io.BytesIO()
    segno.make(content(device, unit), error="m", micro=False).save(code, kind="png", scale=8)
    side = SIZE[1] - 2 * MARGIN
    square = Image.open(code).convert("L").resize((side, side), Image.Resampling.NEAREST)
    label = Image.new("L", SIZE, 255)
    label.paste(square, (MARGIN, MARGIN))
    draw = ImageDraw.Draw(label)
    left, top = 2 * MARGIN + side, 2 * MARGIN
    for said, wanted in (("Trygg", 34), (device, 60), (unit, 30), (text, 30)):
        font = ImageFont.truetype(letters, wanted)
        room = (SIZE[0] - MARGIN - left) / max(1.0, draw.textlength(said, font=font))
        fitting = ImageFont.truetype(letters, min(wanted, int(wanted * room)))
        draw.text((left, top), said, font=fitting, fill=0)
        top += round(1.4 * wanted)
    try:
        label.save(path, resolution=300, dpi=(300, 300))
    except OSError as error:
        raise LabelError(f"{path}: cannot be written: {error.strerror or error}") from None
