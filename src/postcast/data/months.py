"""Names of months, weekdays and time zones, in the languages in which exports have been seen."""

from __future__ import annotations

import unicodedata

_MONTHS = (
    "january jan januar jänner janvier janv enero ene janeiro gennaio gen январь января янв "
    "ιανουάριος ιανουαρίου ιαν januari sty stycznia ocak một",
    "february feb februar février févr fév febrero fevereiro fev febbraio февраль февраля фев "
    "февр φεβρουάριος φεβρουαρίου φεβ februari lutego lut şubat hai",
    "march mar märz mrz mär mars marzo março март марта мар μάρτιος μαρτίου μαρ maart mrt marca "
    "mart ba",
    "april apr avril avr abril abr aprile апрель апреля апр απρίλιος απριλίου απρ kwietnia kwi "
    "nisan tư",
    "may mai mayo maio maggio mag май мая μάιος μαΐου μάι maj mei maja mayıs năm",
    "june jun juni juin junio junho giugno giu июнь июня июн ιούνιος ιουνίου ιούν czerwca cze "
    "haziran sáu",
    "july jul juli juillet juil julio julho luglio lug июль июля июл ιούλιος ιουλίου ιούλ lipca "
    "lip temmuz bảy",
    "august aug août aou agosto ago август августа авг αύγουστος αυγούστου αύγ augusti augustus "
    "sierpnia sie ağustos tám",
    "september sep sept septembre septiembre setembro set settembre сентябрь сентября сен сент "
    "σεπτέμβριος σεπτεμβρίου σεπ września wrz eylül chín",
    "october oct oktober okt octobre octubre outubro out ottobre ott октябрь октября окт "
    "οκτώβριος οκτωβρίου οκτ października paź ekim mười",
    "november nov novembre noviembre novembro ноябрь ноября ноя нояб νοέμβριος νοεμβρίου νοέ "
    "listopada lis kasım mười một",
    "december dec dezember dez décembre déc diciembre dic dezembro dicembre декабрь декабря дек "
    "δεκέμβριος δεκεμβρίου δεκ grudnia gru aralık mười hai",
)

_WEEKDAYS = (
    "monday mon tuesday tue tues wednesday wed thursday thu thur thurs friday fri saturday sat "
    "sunday sun montag mo dienstag di mittwoch mi donnerstag do freitag fr samstag sa sonntag so "
    "lundi lun mardi mercredi mer jeudi jeu vendredi ven samedi sam dimanche dim lunes martes "
    "miércoles mié jueves jue viernes vie sábado sáb domingo dom segunda terça quarta quinta "
    "sexta feira lunedì martedì mercoledì giovedì gio venerdì sabato domenica пн вт ср чт пт сб вс"
)

_FILLERS = (
    "de del d las of at um uhr le à a alle the on г года tháng ngày lúc kl den il st nd rd th"
)
"""Words between the parts of a date."""

ZONES = {
    "utc": 0, "gmt": 0, "z": 0, "wet": 0, "west": 60, "bst": 60, "cet": 60, "cest": 120,
    "eet": 120, "eest": 180, "msk": 180, "gst": 240, "pkt": 300, "ict": 420, "wib": 420,
    "sgt": 480, "hkt": 480, "pht": 480, "awst": 480, "jst": 540, "kst": 540, "acst": 570,
    "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780, "brt": -180, "brst": -120, "art": -180,
    "clt": -240, "clst": -180, "ast": -240, "adt": -180, "est": -300, "edt": -240, "cst": -360,
    "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "akst": -540, "akdt": -480,
    "hst": -600,
}  # fmt: skip
"""Minutes east of Greenwich by the abbreviation of a zone; of those with two meanings, America's.

``IST`` is left out: India, Israel and Ireland use it alike.
"""


def plain(word: str) -> str:
    """Return a word as it is compared: without case and accents."""
    parts = unicodedata.normalize("NFD", word.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


MONTHS = {plain(name): number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
"""Number of a month by its name or abbreviation, as `plain` writes it."""

MONTHS.update({plain("một"): 1, plain("hai"): 2, plain("mười"): 10})

IGNORED = frozenset(plain(word) for word in f"{_WEEKDAYS} {_FILLERS}".split()) - MONTHS.keys()
"""Words that a date may hold and that say nothing of it."""
