"""Write the walks beside this file: `python -m trygg_tools.walks`."""

from trygg_tools.walks import FOLDER, write

write(FOLDER)
