"""One file per sink: where the gateway forwards to."""
