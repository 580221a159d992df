"""`trygg selftest`: every part of a provisioned board with a verdict and the value it measured."""
