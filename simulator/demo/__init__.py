"""The demo: the real stack on the embedded AWS, watching a simulated SES that gets into trouble."""
