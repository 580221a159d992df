"""The gateway: commits, watches, raises alarms and forwards."""
