"""Which language a text is in, where that is clear.

Knows no other post.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

NOT_WORDS = re.compile(r"https?://\S+|\bwww\.\S+|(?<!\w)[@#]\S+", re.IGNORECASE)
"""Links, mentions and hashtags: names, glued words and addresses are in no language."""

LEAST_CONFIDENCE = 0.8
"""Below this a guess is none: names of products stay under it, most whole sentences do not."""

FEWEST_WORDS = 3
"""Fewer words in Latin letters may be a foreign name in any language."""

LATIN_ENDS = "\u0370"

MOST_CHARACTERS = 2_000
"""More of a text is not read: its language is clear long before."""

NAMES = {
    "af": "Afrikaans",
    "am": "Amharic",
    "ar": "Arabic",
    "az": "Azerbaijani",
    "be": "Belarusian",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "bs": "Bosnian",
    "ca": "Catalan",
    "cs": "Czech",
    "cy": "Welsh",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "eu": "Basque",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "ga": "Irish",
    "gl": "Galician",
    "gu": "Gujarati",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "hy": "Armenian",
    "id": "Indonesian",
    "is": "Icelandic",
    "it": "Italian",
    "ja": "Japanese",
    "ka": "Georgian",
    "kk": "Kazakh",
    "km": "Khmer",
    "kn": "Kannada",
    "ko": "Korean",
    "ky": "Kyrgyz",
    "lo": "Lao",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "mk": "Macedonian",
    "ml": "Malayalam",
    "mn": "Mongolian",
    "mr": "Marathi",
    "ms": "Malay",
    "my": "Burmese",
    "ne": "Nepali",
    "nl": "Dutch",
    "no": "Norwegian",
    "pa": "Punjabi",
    "pl": "Polish",
    "ps": "Pashto",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "si": "Sinhala",
    "sk": "Slovak",
    "sl": "Slovenian",
    "so": "Somali",
    "sq": "Albanian",
    "sr": "Serbian",
    "sv": "Swedish",
    "sw": "Swahili",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
    "tl": "Tagalog",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "uz": "Uzbek",
    "vi": "Vietnamese",
    "yo": "Yoruba",
    "zh": "Chinese",
    "zu": "Zulu",
}
"""ISO 639-1 code to name. The model's other languages, creoles of English among them, are taken
for no language: on English headlines those guesses are mostly wrong."""


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of a text's language; None where it is not clear.

    Short texts and names of things are in no language that anyone could tell.
    """
    words = NOT_WORDS.sub(" ", text[:MOST_CHARACTERS]).split()
    beyond_latin = any(sign >= LATIN_ENDS and sign.isalpha() for word in words for sign in word)
    if len(words) < FEWEST_WORDS and not beyond_latin:
        return None
    from postcast.features.language_model import language_classifier

    code, confidence = language_classifier()(" ".join(words))
    return code if confidence >= LEAST_CONFIDENCE and code in NAMES else None


def count_languages(texts: Sequence[str]) -> dict[str, int]:
    """Return how many of the texts are in each language, commonest first; unclear ones nowhere."""
    counts = Counter(code for text in texts if (code := language_of(text)))
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
