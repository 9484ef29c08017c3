"""What an audit does from end to end: collect, check, settle, judge, store. The functions and the CLI call this."""
