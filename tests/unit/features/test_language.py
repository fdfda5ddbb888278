"""Languages are told where they are clear, and left alone where they are not."""

import subprocess
import sys

import pytest

from postcast.features.language import NAMES, count_languages, language_of

CLEAR = {
    "A small kitchen table that finally fits our flat": "en",
    "I never thought I would say this, but the dog won": "en",
    "Love this idea for the kids' room! So simple and cute": "en",
    "What should I wear to an outdoor wedding in October?": "en",
    "Une petite table de cuisine qui tient enfin dans notre appartement": "fr",
    "10 idées de repas faciles pour toute la famille #recette": "fr",
    "So streicht ihr eine alte Kommode an einem Wochenende": "de",
    "Ich liebe diese Idee für das Kinderzimmer!": "de",
    "Cómo pintar una cómoda vieja en un fin de semana": "es",
    "¡Me encanta esta idea para la habitación de los niños!": "es",
    "Come dipingere un vecchio comò in un fine settimana": "it",
    "Como pintar uma cômoda antiga em um fim de semana": "pt",
    "Een kleine keukentafel die eindelijk in ons appartement past": "nl",
    "Jak pomalować starą komodę w jeden weekend": "pl",
    "Ett litet köksbord som äntligen får plats i vår lägenhet": "sv",
    "Sonunda dairemize sığan küçük bir mutfak masası": "tr",
    "10 простых ужинов для всей семьи #рецепты": "ru",
    "Маленький кухонний стіл, який нарешті вмістився в квартирі": "uk",
    "簡単な夕食レシピ10選": "ja",
    "一张终于能放进我们公寓的小厨房桌子": "zh",
    "드디어 우리 집에 맞는 작은 식탁": "ko",
    "طاولة مطبخ صغيرة تناسب شقتنا أخيرا": "ar",
    "Ένα μικρό τραπέζι κουζίνας που επιτέλους χωράει στο σπίτι": "el",
    "โต๊ะครัวเล็กๆ ที่ในที่สุดก็พอดีกับห้องของเรา": "th",
}

UNCLEAR = [
    "",
    "  \n ",
    "lol",
    "1234 5678",
    "Nike Air Max 90",
    "Zara Basic Crew M-402 Black",
    "IKEA KALLAX",
    "Piña colada",
    "Crème brûlée",
    "Fjällräven Kånken",
    "Maison de Vacances",
    "La Roche-Posay Anthelios SPF 50+",
    "Dulce de leche cheesecake",
    "Samsung Galaxy S24 Ultra 256GB",
    "#ootd #fashion #style",
    "@maria via @pinterest",
    "https://www.example.org/recettes/la-soupe-de-ma-grand-mere",
    "🌿🌿🌿",
]


@pytest.mark.parametrize("text", CLEAR)
def test_a_sentence_is_told(text):
    assert language_of(text) == CLEAR[text]


@pytest.mark.parametrize("text", UNCLEAR)
def test_names_of_things_are_in_no_language(text):
    assert language_of(text) is None


def test_hashtags_and_links_do_not_speak():
    french = "Une petite table de cuisine qui tient enfin dans notre appartement"
    assert language_of(f"{french} #home #smallspaces https://example.org/how-to-do-it") == "fr"


def test_counts_are_of_clear_texts_commonest_first():
    counts = count_languages([*CLEAR, *UNCLEAR])
    assert sum(counts.values()) == len(CLEAR)
    assert next(iter(counts)) == "en"
    assert (counts["en"], counts["fr"], counts["th"]) == (4, 2, 1)
    assert set(counts) <= set(NAMES)


def test_it_is_loaded_late_and_light():
    code = (
        "import sys, postcast.features.language as l; before = 'py3langid' in sys.modules;"
        "l.language_of('a small table for the kitchen'); print(before,"
        "sorted({'torch', 'sklearn', 'scipy', 'polars'} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False []", run.stderr
