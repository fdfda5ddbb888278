import pytest

from postcast.data.names import compact, fold, spellings


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("likeCount", "like count"),
        ("URLClicks", "url clicks"),
        ("Vi\u00adde\u00adoti\u00adtel", "videotitel"),
        ("\ufeffPost\u00a0ID", "post id"),
        ("Duración (segundos)", "duracion"),
        ("(sum)", "sum"),
        ("Τίτλος", "τιτλοσ"),
        ("ｌｉｋｅｓ", "likes"),
        ("stats.diggCount", "stats digg count"),
    ],
)
def test_a_name_is_folded_to_its_words(name, words):
    assert fold(name) == words


def test_spelling_does_not_matter():
    assert (
        len({compact(name) for name in ("Like Count", "likeCounts", "like_count", "LIKE-COUNT")})
        == 1
    )


@pytest.mark.parametrize("name", ["num_likes", "vid_nlike", "like_nr", "Total likes", "likes"])
def test_affixes_are_left_out_in_one_of_the_spellings(name):
    assert "like" in spellings(name)
