"""Files that are no UTF-8 are read as somebody wrote them, and a note says how."""

import io

import pytest

from postcast import read_posts

SENTENCES = {
    "fr": "L’été à Noël, où êtes-vous ? Ça va très bien. «Oui»",
    "de": "Größe über Äpfel für schöne Straße",
    "es": "¿Qué pasó mañana? Está aquí el niño",
    "pt": "coração não está à venda – já!",
    "sv": "Ångström på ön",
    "en": "it’s “quoted” — don’t… café",
    "ru": "Привет, как дела? Новый пост",
    "zh": "这是一个测试，今天天气很好",
    "zh-tw": "今天天氣很好，我們去公園",
    "ja": "今日はとても良い天気です。",
    "ko": "오늘은 날씨가 좋습니다",
}


def file_of(text, encoding, n_posts=5):
    rows = "".join(f'{number},"{text}",{number}\n' for number in range(n_posts))
    return f"id,text,likes\n{rows}".encode(encoding)


@pytest.mark.parametrize(
    ("language", "encoding", "name"),
    [
        *((one, "cp1252", "Windows-1252") for one in ("fr", "de", "es", "pt", "sv", "en")),
        *((one, "mac_roman", "Mac Roman") for one in ("fr", "de", "es", "pt", "sv", "en")),
        ("ru", "cp1251", "Windows-1251"),
        ("zh", "gb18030", "GB 18030"),
        ("zh-tw", "big5", "Big5"),
        ("ja", "cp932", "Shift JIS"),
        ("ko", "cp949", "EUC-KR"),
    ],
)
def test_each_encoding_gives_back_its_text(language, encoding, name):
    text = SENTENCES[language]
    posts = read_posts(io.BytesIO(file_of(text, encoding)))
    assert set(posts.table["text"]) == {text}
    assert posts.source.notes == (f"the file is not UTF-8: it was read as {name}",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("language", SENTENCES)
def test_unicode_needs_no_note(language, encoding):
    posts = read_posts(io.BytesIO(file_of(SENTENCES[language], encoding)))
    assert set(posts.table["text"]) == {SENTENCES[language]}
    assert posts.source.notes == ()


def test_a_few_damaged_bytes_make_no_other_encoding():
    data = file_of(SENTENCES["zh"], "utf-8", 200) + "200,caf\u00e9,1\n".encode("latin-1")
    posts = read_posts(io.BytesIO(data))
    assert posts.table["text"][0] == SENTENCES["zh"]
    assert posts.table["text"][-1] == "caf\ufffd"
    assert posts.source.notes == ("the file is damaged UTF-8: 1 of its bytes fits no character",)


def test_json_is_read_so_as_well():
    data = '[{"id": "1", "text": "déjà vu", "likes": 1}]'.encode("latin-1")
    posts = read_posts(io.BytesIO(data))
    assert posts.table["text"].to_list() == ["déjà vu"]
    assert "Windows-1252" in posts.source.notes[0]
