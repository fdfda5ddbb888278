"""The errors that postcast raises on purpose: what was found, what was expected, what to do.

Knows no file format and no model; every other module raises from this tree.
"""

from __future__ import annotations

from postcast.wording import one_line


class PostcastError(Exception):
    """Anything that a user can put right; shown as one line, control characters escaped.

    Parameters
    ----------
    found : str
        What was found, with the offending value.
    expected : str, optional
        What was expected instead.
    action : str, optional
        What to do about it, as an imperative.
    """

    def __init__(self, found: str, expected: str = "", action: str = "") -> None:
        self.found = found
        self.expected = expected
        self.action = action
        parts = [found, f"expected {expected}" if expected else "", action]
        whole = "; ".join(part for part in parts if part)
        super().__init__(one_line(" ".join(whole.split())))


class SettingsError(PostcastError):
    """A setting, option or configuration file that makes no sense."""


class ReadError(PostcastError):
    """A file of posts that cannot be read."""


class LabelError(PostcastError):
    """Counts from which three popularity classes cannot be made."""


class SplitError(PostcastError):
    """Posts that cannot be split into training and test rows as asked."""


class LeakError(PostcastError):
    """A column to learn from that is known only after publishing, or all but tells the count."""


class EncoderError(PostcastError):
    """An encoder that cannot be found, loaded or trusted."""


class MissingExtraError(PostcastError):
    """A feature whose optional dependency is not installed."""

    def __init__(self, feature: str, extra: str, alternative: str = "") -> None:
        action = f"pip install 'postcast[{extra}]'"
        super().__init__(
            f"{feature} needs the extra [{extra}], which is not installed",
            action=f"{action}, or {alternative}" if alternative else action,
        )


class ForecasterError(PostcastError):
    """A saved forecaster or run that is missing, changed, or of another version."""


class ShardError(PostcastError):
    """A manifest, shard or result of divided work that is missing, changed or not done."""


class ClusterError(PostcastError):
    """A scheduler that does not answer or refuses, or a run that it was given already."""


class OutputError(PostcastError):
    """A file or folder that cannot be written."""
