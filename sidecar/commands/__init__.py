"""The commands, one module each: `add_arguments(parser)` and `execute(args) -> exit code`."""
