"""The commands, one module a subject; `cli.main` names which is where."""
