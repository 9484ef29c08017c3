"""The `ses-monitor` command: what a person asks at a terminal. It shows; what is true is decided in `ses_monitor`."""
