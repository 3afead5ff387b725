"""What stands in the way of a run, with the way out."""


class SetupError(Exception):
    """A part of the run is missing or does not start; `fix` says what to do about it."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem}. {fix}")
        self.problem = problem
        self.fix = fix


class ShutdownRequested(BaseException):
    """The operator asked this process to end."""
