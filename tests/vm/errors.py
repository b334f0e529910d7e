"""The one exception of the harness."""


class VmError(Exception):
    """A sentence for a person, and a hint about what to do; the command line prints both and exits 2."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(f"{sentence} {hint}".rstrip())
        self.sentence = sentence
        self.hint = hint
