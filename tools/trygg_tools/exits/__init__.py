"""The stated bound against thousands of exits: `make exits`; `python -m trygg_tools.exits`."""
