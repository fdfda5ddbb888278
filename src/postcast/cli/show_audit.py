"""An audit in a terminal: plain sentences, leaks first. Judges nothing."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from postcast.cli.show import WIDTH
from postcast.evaluate.words import listed
from postcast.wording import counted

if TYPE_CHECKING:
    from postcast.audit import Audit
    from postcast.audit.findings import Finding

MOST_SHOWN = 6
"""Findings told in full; the others by name."""


def audit_text(audit: Audit) -> str:
    """Return an audit as paragraphs."""
    allowed = [one for one in audit.findings if one.is_allowed]
    notes = [one for one in audit.findings if not one.is_leak]
    parts = [_verdict(audit)]
    ranked = [("Leak", audit.leaks), ("Allowed", allowed), ("Note", notes)]
    named = [(word, one) for word, some in ranked for one in some]
    parts += [_filled(f"{word}: {one.sentence}") for word, one in named[:MOST_SHOWN]]
    if named[MOST_SHOWN:]:
        parts.append(_filled(f"And {listed(_short(one) for _, one in named[MOST_SHOWN:])}."))
    parts.append(_filled(_looked_at(audit)))
    return "\n\n".join(parts)


def _verdict(audit: Audit) -> str:
    n_leaks = len(audit.leaks)
    none = "No other leak" if any(one.is_allowed for one in audit.findings) else "No leak"
    what = counted(n_leaks, "leak") if n_leaks else none
    return f"{what} found in {audit.source} ({counted(audit.n_posts, 'post')})."


def _short(finding: Finding) -> str:
    return f"{finding.subject} ({finding.kind})"


def _looked_at(audit: Audit) -> str:
    text = "The file has no columns but those that postcast takes."
    if audit.judged:
        text = f"Other columns looked at, none of which postcast reads: {listed(audit.judged)}."
    if audit.not_judged:
        text += f" Not judged, as free text: {listed(audit.not_judged)}."
    return f"{text} Measured so: {audit.split}"


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False, break_long_words=False)
