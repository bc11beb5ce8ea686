"""Text from elsewhere (logs, answers, command lines) made fit for a screen.

Terminal escapes and control characters are taken out, secrets are blotted out, long text is cut.
It never changes what is stored; only what is shown.
"""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours and cursor movements
    r"|\x1b[\]P^_X].*?(?:\x07|\x1b\\|$)"  # titles, links, clipboard writes
    r"|\x1b[ -/]*[0-~]?",
    re.DOTALL,
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_TELLTALE = r"[\w.-]*(?:token|secret|passw(?:or)?d|api[_-]?key|authorization|cookie)[\w.-]*"
_IN_JSON = re.compile(rf'("{_TELLTALE}"\s*:\s*")((?:[^"\\]|\\.)*)', re.IGNORECASE)
_AS_OPTION = re.compile(rf"(?<!\S)(--?{_TELLTALE}(?:=|\s+))(?!-)(\S+)", re.IGNORECASE)
_AS_VALUE = re.compile(
    rf"(?<![\w-])({_TELLTALE}(?:=|: ?)(?:(?:bearer|basic|token)\s+)?)([^\s,;&\"']+)",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"(\w://[^\s/:@]*:)([^\s/@]+)(?=@)")


def clean(text: str) -> str:
    """Return `text` without terminal escapes and control characters; line ends and tabs stay."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return `text` with credentials replaced by ``***``.

    Blotted out are `secrets` themselves, passwords in URLs, and the values of JSON members and
    arguments whose names say that they are secret.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    for pattern in (_IN_JSON, _AS_OPTION, _AS_VALUE, _IN_URL):
        text = pattern.sub(r"\1***", text)
    return text


def cut(text: str, limit: int) -> str:
    """Return `text`, its end replaced by an ellipsis where it is longer than `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def shorten(text: str, limit: int) -> str:
    """Return `text` on one line, white space folded, of at most `limit` characters."""
    return cut(" ".join(text.split()), limit)


def tail(data: bytes, lines: int) -> list[str]:
    """Return the last `lines` lines of `data` that say something, cleaned and redacted."""
    text = redact(clean(data.decode("utf-8", "replace")))
    said = [line.rstrip() for line in text.expandtabs(4).split("\n") if line.strip()]
    return [cut(line, 300) for line in said[-lines:]]
