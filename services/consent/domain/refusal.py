"""What a rule of consent refuses, and why: codes and places, never a value."""


class NotAcceptable(Exception):
    """What was said cannot be a directive: each error is a place and a code."""

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__(*(code for _, code in errors))
        self.errors = errors


class DirectiveStepNotPossible(Exception):
    """The step is not possible as things stand."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
