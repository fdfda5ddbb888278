"""What columns of posts are called, by role, in the languages in which platforms export them.

Sources: exports of Meta, X, YouTube, TikTok, LinkedIn, Pinterest and Weibo, their programming
interfaces, and common scrapers. Spelling is folded (`postcast.data.names`), so that
``likeCount``, ``like_count`` and ``Likes`` need one entry.
"""

from __future__ import annotations

from collections.abc import Mapping

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "text": (
        *("description", "text", "full text", "caption", "message", "status message"),
        *("tweet text", "post text", "post message", "tweet", "content", "raw content", "body"),
        *("post caption", "video caption", "vid caption", "video description", "self text"),
        *("commentary", "share commentary", "outbound post", "content of the post"),
        *("hit sentence", "desc", "post", "origin weibo content", "commentaire de la publication"),
        *("descripcion", "texto", "texto del post", "texto do post", "descricao", "descrizione"),
        *("testo", "texte", "beschreibung", "beitragstext", "περιγραφη", "описание", "текст"),
        *("ポスト本文", "投稿文", "本文", "正文", "微博正文", "内容", "內容", "본문", "내용"),
    ),
    "title": (
        *("title", "headline", "video title", "post title", "display title", "subject"),
        *("link name", "link text", "titulo", "titulo del video", "titulo do video"),
        *("titre", "titre de la video", "titolo", "titolo video", "titel", "videotitel"),
        *("τιτλος", "заголовок", "название", "タイトル", "動画のタイトル", "标题", "標題", "제목"),
    ),
    "author": (
        *("author", "user", "channel", "username", "user name", "screen name", "handle"),
        *("owner username", "account username", "author username", "author unique id"),
        *("page name", "group name", "channel title", "uploader", "profile", "account"),
        *("author name", "account name", "nickname", "author meta name", "owner name", "user id"),
        *("author id", "owner id", "owner user id", "post owner username", "name", "by", "from"),
        *("用户昵称", "nombre de usuario de la cuenta", "nombre de la cuenta"),
        *("nombre de la pagina", "nom de la page", "nome da pagina", "nome utente"),
        *("ονομα χρηστη λογαριασμου", "ονομα λογαριασμου", "ονομα σελιδας"),
        *("konto benutzername", "kontoname", "seitenname", "kontonamn", "sidnamn"),
    ),
    "time": (
        *("created at", "created utc", "created time", "create time", "create time iso"),
        *("creation time", "creation timestamp", "creation date", "creation ts", "created date"),
        *("post created", "published at", "publish time", "published", "video publish time"),
        *("status published", "published date", "publish date", "date published", "pub date"),
        *("post publish date", "posted at", "posted at date", "posted at timestamp", "posted"),
        *("post date", "post time", "date posted", "taken at", "taken at timestamp"),
        *("upload date", "upload time", "timestamp", "unix timestamp", "utc time", "datetime"),
        *("time", "date", "created", "postdate", "date of the post"),
        *("日付", "動画公開時刻", "投稿日時", "日期", "发布时间", "發佈時間", "작성일", "게시일"),
        *("hora de publicacion", "hora de publicacion del video", "fecha de publicacion", "fecha"),
        *("horario de publicacao", "horario de publicacao do video", "data de publicacao"),
        *("heure de publication", "heure de publication de la video", "date de publication"),
        *("orario di pubblicazione", "ora pubblicazione video", "data di pubblicazione", "data"),
        *("veroffentlichungszeitpunkt", "veroffentlichungszeitpunkt des videos", "datum"),
        *("erstellungsdatum", "χρονος δημοσιευσης", "ημερομηνια"),
        *("дата поста", "дата публикации", "дата"),
    ),
    "count": (
        *("repin count", "repins", "reactions comments and shares", "total interactions"),
        "reactions comments shares",
        *("reacciones comentarios y veces que se compartio", "reactions commentaires et partages"),
        *("reazioni commenti e condivisioni", "αντιδρασεις σχολια και κοινοποιησεις"),
        *("total reactions", "reactions", "reaction count", "reacciones", "reazioni"),
        *("reaktionen", "αντιδρασεις", "likes", "like count", "likes count", "total likes"),
        *("like num", "like nr", "digg count", "liked count", "liked by count"),
        *("preview like count", "favorites", "favorite count", "favourites count"),
        *("attitudes count", "claps", "me gusta", "jaime", "curtidas", "mi piace"),
        *("gefallt mir", "gefallt mir angaben", "μου αρεσει", "いいね", "点赞数", "点赞", "讚"),
        *("нравится", "лайки", "количество лайков", "좋아요", "score", "points", "ups"),
        *("upvotes", "up vote count", "voteup count", "votes count"),
        *("engagement", "engagements", "engagement total", "interactions", "engajamentos"),
        *("lifetime engaged users", "post engaged users lifetime"),
        *("saves", "saved", "save count", "saved count", "note count"),
        *("views", "view count", "play count", "total views", "plays", "visualizaciones"),
        *("vues", "visualizacoes", "visualizzazioni", "aufrufe", "προβολες", "視聴回数"),
        *("просмотры", "조회수", "播放量", "clicks"),
    ),
    "id": (
        *("id", "post id", "pin id", "id str", "tweet id", "video id", "vid id", "status id"),
        *("note id", "aweme id", "short code", "media id", "message id", "object id"),
        *("activity urn", "uri", "bid", "mid", "content id", "origin weibo id"),
        *("identificador de la publicacion", "identifiant de la publication"),
        *("identificacao do post", "id do post", "beitrags id", "inlaggs id", "publicerings id"),
        *("αναγνωριστικο δημοσιευσης", "ポストid", "content", "video", "contenido", "conteudo"),
        *("contenu", "コンテンツ"),
    ),
    "category": ("category", "subreddit", "board"),
    "image": ("image", "image path"),
    "tags": ("tags", "hashtags"),
}
"""Role to names, in order of preference; a column's values decide among them."""

VIDEO_VIEWS = (
    *("views", "view count", "play count", "total views", "visualizaciones", "vues"),
    *("visualizacoes", "visualizzazioni", "aufrufe", "προβολες", "視聴回数"),
)
"""Counts that come first where the posts are videos of a site that counts views above all."""

VIDEO_MARKS = (
    *("video title", "titulo del video", "titulo do video", "titre de la video", "titolo video"),
    *("videotitel", "動画のタイトル", "channel title", "channel id", "video publish time"),
)
"""Names by which such a site's files are recognised."""

WITHIN_OK: Mapping[str, tuple[str, ...]] = {
    "text": ("record", "snippet", "object", "node", "post", "caption", "post record"),
    "title": ("snippet", "object", "post", "media 0"),
    "author": (
        "user",
        "author",
        "owner",
        "account",
        "snippet",
        "post author",
        "post owner",
        "from",
    ),
    "time": ("record", "snippet", "object", "node", "post", "post record", "posted at", "media 0"),
    "count": (
        *("stats", "stats v2", "statistics", "public metrics", "insights", "node", "counts"),
        *("post", "object", "post statistics"),
    ),
    "id": ("post", "node", "id"),
}
"""Members of nested JSON within which a role is looked for; elsewhere other things stand."""
