"""Other people's gateways, started as their manuals say, to be measured beside ours."""
