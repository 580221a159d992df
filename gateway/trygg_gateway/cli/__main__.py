"""`python -m trygg_gateway.cli` is `trygg gateway`."""

from trygg_gateway.cli import app

app(prog_name="trygg gateway")
