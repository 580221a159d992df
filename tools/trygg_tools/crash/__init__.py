"""The crash score: what was acknowledged is kept, once, whoever is killed or loses power.

`python -m trygg_tools.crash --help`; docs/crash.md has the figures.
"""
