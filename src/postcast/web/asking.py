"""The body of a request → posts, or a problem that repeats none of it.

Knows JSON, forms and uploads; opens no file but those that it writes itself.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from postcast.data.tags import tags_of
from postcast.data.times import moment_of, zone_of
from postcast.schema import Post
from postcast.web.batching import FullError
from postcast.web.problems import ProblemError, too_many
from postcast.web.schemas import PostIn

if TYPE_CHECKING:
    from starlette.requests import Request

    from postcast.web.decoding import Decoding

M = TypeVar("M", bound=BaseModel)
P = TypeVar("P", bound=PostIn)

JSON, FORM = "application/json", "multipart/form-data"

FIELDS = ("text", "title", "author", "time", "tags", "category", "id")
KNOWN = {*FIELDS, "alternatives", "image"}


@dataclass(frozen=True)
class Uploads:
    """Where uploaded images lie while a question is answered.

    Parameters
    ----------
    folder : Path
        The server's own, readable by nobody else.
    decoding : Decoding
    are_read : bool
        Whether the forecaster looks at images; they are not decoded where it does not.
    """

    folder: Path
    decoding: Decoding
    are_read: bool = True

    @contextlib.asynccontextmanager
    async def kept(self, data: bytes | None) -> AsyncIterator[str | None]:
        """Yield the path of an image that was checked, under a name of the server's own.

        Raises
        ------
        ProblemError
            If the bytes are no image that may be decoded, or too many wait for that.
        """
        if data is None or not self.are_read:
            yield None
            return
        path, is_over = self.folder / secrets.token_hex(16), threading.Event()
        try:
            try:
                await self.decoding.run(_keep, path, data, is_over)
            except FullError:
                raise too_many(2) from None
            yield str(path)
        finally:
            is_over.set()
            path.unlink(missing_ok=True)


def _keep(path: Path, data: bytes, is_over: threading.Event) -> None:
    """Write an image that may be decoded, unless its request is over by then."""
    _check_image(data)
    if is_over.is_set():
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    if is_over.is_set():  # whoever set it may have found no file yet
        path.unlink(missing_ok=True)


def _check_image(data: bytes) -> None:
    """Refuse what the guarded decoder refuses."""
    from postcast.features.images.decode import UPLOADS, Picture, decode

    try:
        found = decode(data, UPLOADS)
    except ImportError:
        raise ProblemError(
            422, "This server looks at no images: Pillow is not installed."
        ) from None
    if not isinstance(found, Picture):
        raise ProblemError(422, f"The image cannot be used: {found}.")


def media_type(request: Request) -> str:
    """Return the type of a request's body, without its parameters."""
    return kind_of(request.headers.get("content-type", ""))


def kind_of(content_type: str) -> str:
    """Return the type in a header, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def expect_json(request: Request) -> None:
    """Refuse another type of body.

    Raises
    ------
    ProblemError
        415.
    """
    if media_type(request) != JSON:
        raise ProblemError(415, f"Expected {JSON}.")


async def read_json(request: Request, model: Any) -> Any:
    """Return the body as a model, or as what a type adapter makes of it.

    Raises
    ------
    ProblemError
        415 for another type of body; 422 for one that is not the model's.
    """
    expect_json(request)
    return checked(model, await request.body())


def checked(model: Any, body: bytes) -> Any:
    """Return JSON bytes as a model; the parser bounds how deep they nest."""
    try:
        return _adapter(model).validate_json(body)
    except ValidationError as error:
        raise _refused(error) from None


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


def _refused(error: ValidationError) -> ProblemError:
    found = error.errors(include_url=False)
    if any(one["type"] == "json_invalid" for one in found):
        return ProblemError(400, "The body is not JSON in UTF-8, or nests too deeply.")
    errors = [{"where": _where(one["loc"]), "what": _what(one)} for one in found]
    return ProblemError(422, "Some of it is not what was expected.", errors)


def _where(place: tuple[int | str, ...]) -> str:
    """Return a place in the body, without names that a client made up."""
    parts = [str(one) for one in place if isinstance(one, int) or one in KNOWN]
    return ".".join(parts) or "body"


def _what(one: Any) -> str:
    if one["type"] == "extra_forbidden":
        return f"a field that is not known; expected some of {', '.join(FIELDS)}"
    if one["type"] == "string_too_long":  # pydantic names the bound alone
        bound, found = one["ctx"]["max_length"], len(one["input"])
        return f"expected at most {bound:,} characters, found {found:,}"
    return str(one["msg"]).removeprefix("Value error, ")


async def read_forms(
    request: Request, model: type[M], prefixes: Sequence[str]
) -> list[tuple[M, bytes | None]]:
    """Return the fields of a form as models, each with the bytes of its image.

    Parameters
    ----------
    request : Request
    model : type
    prefixes : sequence of str
        How the names of each one's fields begin.

    Raises
    ------
    ProblemError
        400 where it cannot be taken apart; 422 where its fields are not the model's.
    """
    try:
        form = await request.form(max_files=len(prefixes), max_fields=32)
    except (HTTPException, UnicodeError, LookupError, ValueError, KeyError):
        raise ProblemError(400, "The form cannot be taken apart.") from None
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(form.close)
        groups = _by_prefix(form, prefixes)
        return [(_of_fields(group, model), await _image(group)) for group in groups]


Fields = list[tuple[str, UploadFile | str]]


def _by_prefix(form: FormData, prefixes: Sequence[str]) -> list[Fields]:
    """Return the fields of each prefix, without it."""
    groups: list[Fields] = [[] for _ in prefixes]
    for name, value in form.multi_items():
        for group, prefix in zip(groups, prefixes, strict=True):
            if name.startswith(prefix):
                group.append((name.removeprefix(prefix), value))
                break
        else:
            raise ProblemError(422, "A field that is not known.")
    return groups


def _of_fields(fields: Fields, model: type[M]) -> M:
    told: dict[str, Any] = {}
    for name, value in fields:
        if isinstance(value, UploadFile):
            if name != "image":
                raise ProblemError(422, "A file that is not the image.")
            continue
        if name == "image" and value:
            raise ProblemError(422, "The image is to be a file, not a name or an address.")
        if name != "image" and (value.strip() or name not in KNOWN):
            _take(told, name, value.replace("\r\n", "\n"))  # as forms write the ends of lines
    try:
        return model.model_validate(told)
    except ValidationError as error:
        raise _refused(error) from None


def _take(told: dict[str, Any], name: str, text: str) -> None:
    if name == "tags":
        told[name] = [*told.get(name, []), *tags_of(text)]
    elif name == "alternatives":
        told.setdefault(name, []).append(text)
    elif name in told:
        raise ProblemError(422, "A field stands there twice.")
    else:
        told[name] = text


async def _image(fields: Fields) -> bytes | None:
    for name, value in fields:
        if name == "image" and isinstance(value, UploadFile):
            return await value.read() or None
    return None


@contextlib.asynccontextmanager
async def asked_post(
    request: Request, model: type[P], uploads: Uploads
) -> AsyncIterator[tuple[Post, P]]:
    """Yield the one post that a request asks about, and all that it told.

    Raises
    ------
    ProblemError
        If it cannot be read, or its image not be used.
    """
    if media_type(request) == FORM:
        async with asked_form(request, model, uploads) as found:
            yield found
        return
    told = await read_json(request, model)
    yield post_of(told), told


@contextlib.asynccontextmanager
async def asked_form(
    request: Request, model: type[P], uploads: Uploads
) -> AsyncIterator[tuple[Post, P]]:
    """Yield the one post of a form, with its image, and all that it told."""
    [(told, image)] = await read_forms(request, model, ("",))
    async with uploads.kept(image) as path:
        yield post_of(told, path), told


@contextlib.asynccontextmanager
async def asked_forms(
    request: Request, prefixes: Sequence[str], uploads: Uploads
) -> AsyncIterator[list[Post]]:
    """Yield the posts of a form that holds several, each with its image."""
    async with contextlib.AsyncExitStack() as stack:
        posts = []
        for told, image in await read_forms(request, PostIn, prefixes):
            posts.append(post_of(told, await stack.enter_async_context(uploads.kept(image))))
        yield posts


def post_of(told: PostIn, image: str | None = None) -> Post:
    """Return a post of Python's.

    Parameters
    ----------
    told : PostIn
    image : str, optional
        Path of an upload.
    """
    return Post(
        text=told.text,
        title=told.title,
        author=told.author,
        time=None if told.time is None else moment_of(told.time, zone_of("UTC")),
        tags=tuple(told.tags),
        category=told.category,
        image=image,
        id=told.id,
    )
