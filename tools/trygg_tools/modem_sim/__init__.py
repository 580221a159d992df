"""A modem as the field knows it, bytes in and bytes out, with all that goes wrong there."""
