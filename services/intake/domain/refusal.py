"""A step that a case, an incident, a plan or a screen does not take."""


class CaseStepNotPossible(Exception):
    """The step is not possible as things stand; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
