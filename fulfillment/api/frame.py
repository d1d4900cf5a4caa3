"""What every route of the API goes through: who asks, may they, is the input right, once only.

:class:`Routes` registers the routes of one subject; the docstring of the package shows how.
flask-openapi3 describes them (OpenAPI 3.1). It does not read the requests: it builds a JSON schema
anew for each query, about as much work as a whole scan, and reads bodies leniently.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, get_type_hints

from flask import Response, g, json, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.file import FileStorage
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field, create_model
from werkzeug.exceptions import UnsupportedMediaType

from fulfillment.api.inputs import Output, read_body, read_query
from fulfillment.domain.errors import NotLoggedIn, UnknownThing, invalid
from fulfillment.domain.people import Actor, Permission
from fulfillment.services import people
from fulfillment.services.reports.files import CSV_MIMETYPE, XLSX_MIMETYPE
from fulfillment.store.transaction import AnsweredBefore, Claim, claiming

PREFIX = "/api/v1"
LARGEST_BODY_BYTES = 1024 * 1024
"""Of a JSON body; a route that needs more says so."""
LONGEST_PATH_PART = 200


@dataclass(frozen=True, kw_only=True)
class Document:
    """An answer that is no JSON: something to print or to save."""

    content: bytes
    mimetype: str
    file_name: str

    def as_response(self) -> Response:
        """The answer; a browser shows it rather than saving it."""
        response = Response(self.content, mimetype=self.mimetype)
        response.headers["Content-Disposition"] = f'inline; filename="{self.file_name}"'
        return response


Handler = Callable[..., Any]
Decorator = Callable[[Handler], Handler]

_KEY_FORM = re.compile(r"[\x21-\x7e]{1,255}")


class KeyHeader(BaseModel):
    """The header that makes a repeat harmless."""

    key: str | None = Field(
        None,
        alias="Idempotency-Key",
        max_length=255,
        description="Any text of your own, new for each command. Sent again with the same "
        "request, it is answered with the first answer and `Idempotency-Replayed: true`, and "
        "nothing happens twice; with another request it is refused (422 `key-reused`).",
    )


@dataclass(frozen=True, kw_only=True)
class Route:
    """One route: what it asks for and how it answers."""

    handler: Handler
    permission: Permission
    answer: type[Output] | None
    status: int
    once: tuple[str, ...]
    largest_body_bytes: int
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    form: type[BaseModel] | None
    render: Callable[[Any], Any] | None
    keyed: bool

    def __call__(self, **path: Any) -> Response:
        """Serve the present request."""
        presence = by_bearer()
        presence.actor.require(self.permission)
        arguments = self._arguments(path)
        key = request.headers.get("Idempotency-Key") if self.keyed else None
        if key is None:
            return self._response(self.handler(presence.actor, **arguments))
        return self._answered_once(key, presence, arguments)

    def _arguments(self, path: dict[str, Any]) -> dict[str, Any]:
        """The handler's arguments; reads the body, so it comes after the permission."""
        for name, value in path.items():
            if isinstance(value, str) and (len(value) > LONGEST_PATH_PART or "\0" in value):
                raise UnknownThing(kind=name, key="?")
        if self.body is not None:
            request.max_content_length = self.largest_body_bytes
            if request.mimetype != "application/json":
                raise UnsupportedMediaType
            path["body"] = read_body(self.body, request.get_data(cache=True))
        if self.form is not None:
            path |= self._form()
        if self.query is not None:
            path["query"] = read_query(self.query, request.args)
        elif request.query_string:
            raise invalid(next(iter(request.args), "query"), "unknown-field")
        return path

    def _form(self) -> dict[str, Any]:
        """The fields of an uploaded form, and its one file as it came."""
        assert self.form is not None, "asked for by _arguments"
        request.max_content_length = self.largest_body_bytes
        if request.mimetype != "multipart/form-data":
            raise invalid("body", "wrong-form", "multipart/form-data")
        request.get_data(cache=True)  # an idempotency key remembers what came with it
        if set(request.files) != {"file"} or len(request.files.getlist("file")) != 1:
            raise invalid("file", "missing", "exactly one file, in the field `file`")
        return {"form": read_query(self.form, request.form), "file": request.files["file"]}

    def _response(self, result: Any) -> Response:
        if isinstance(result, Document):
            return result.as_response()
        if self.answer is None:
            return Response(status=self.status)
        if self.render is not None:
            return _json_response(self.status, self.render(result))
        model = self.answer.model_validate(result)
        return Response(model.model_dump_json(), self.status, mimetype="application/json")

    def _answered_once(
        self, key: str, presence: people.Presence, arguments: dict[str, Any]
    ) -> Response:
        """Run the handler's one use case together with the claim of the key."""
        if not _KEY_FORM.fullmatch(key):
            raise invalid("Idempotency-Key", "wrong-form", "1..255 visible ASCII characters")
        answers: list[Any] = []

        def answer(result: Any) -> tuple[int, Any]:
            body = self._body(result)
            answers[:] = [body]
            return self.status, self._to_keep(body)

        claim = Claim(presence.client, key, _request_hash(), answer)
        try:
            with claiming(claim):
                self.handler(presence.actor, **arguments)
        except AnsweredBefore as before:
            response = _json_response(before.status, before.body)
            response.headers["Idempotency-Replayed"] = "true"
            return response
        if not answers:
            raise AssertionError(f"{self.handler.__name__} has no use case that writes")
        return _json_response(self.status, answers[0])

    def _body(self, result: Any) -> Any:
        if self.render is not None:
            return self.render(result)
        return self.answer and self.answer.model_validate(result).model_dump(mode="json")

    def _to_keep(self, body: Any) -> Any:
        """The answer as it is stored: a secret that is shown once is not kept."""
        return {**body, **dict.fromkeys(self.once)} if self.once else body


class Routes:
    """The routes of one subject.

    ``get``, ``post``, ``put``, ``patch`` and ``delete`` decorate a handler whose first parameter
    is the actor; the others are named for the variables in the path, and ``body`` and ``query``,
    whose annotations are models. It calls **one** service and returns what that returned; the
    frame turns it into *answer* (None: 204, no body). *once* names the fields of an answer that
    hold a secret: a repeat is answered without them.  *render* makes the JSON of a hot answer,
    where going through the model costs as much as the scan itself; the model still describes it,
    and a test compares them.  *keyed* False: the handler runs no use case or several, and a repeat
    is harmless without an ``Idempotency-Key``.  A ``form`` model reads an uploaded form, whose one
    file comes as ``file``.  A handler that returns a :class:`Document` answers with that, and its
    answer is the :class:`Document` class.
    """

    def __init__(self, name: str, *, tag: str) -> None:
        self.blueprint = APIBlueprint(
            f"api_{name}",
            __name__,
            url_prefix=PREFIX,
            abp_tags=[Tag(name=tag)],
            abp_security=[{"token": []}],
            abp_responses={"default": PROBLEM_RESPONSE},
        )

    def get(
        self,
        rule: str,
        *,
        permission: Permission,
        answer: type[Output] | type[Document],
        **more: Any,
    ) -> Decorator:
        """A route that changes nothing."""
        return self._route("get", rule, permission=permission, answer=answer, **more)

    def post(
        self, rule: str, *, permission: Permission, answer: type[Output] | None, **more: Any
    ) -> Decorator:
        """A route that makes or does something."""
        return self._route("post", rule, permission=permission, answer=answer, **more)

    def put(
        self, rule: str, *, permission: Permission, answer: type[Output] | None, **more: Any
    ) -> Decorator:
        """A route that replaces something."""
        return self._route("put", rule, permission=permission, answer=answer, **more)

    def patch(
        self, rule: str, *, permission: Permission, answer: type[Output] | None, **more: Any
    ) -> Decorator:
        """A route that changes some fields."""
        return self._route("patch", rule, permission=permission, answer=answer, **more)

    def delete(
        self, rule: str, *, permission: Permission, answer: type[Output] | None = None, **more: Any
    ) -> Decorator:
        """A route that ends something."""
        return self._route("delete", rule, permission=permission, answer=answer, **more)

    def _route(
        self,
        method: str,
        rule: str,
        *,
        permission: Permission,
        answer: type[Output] | type[Document] | None,
        status: int | None = None,
        once: tuple[str, ...] = (),
        largest_body_bytes: int = LARGEST_BODY_BYTES,
        render: Callable[[Any], Any] | None = None,
        keyed: bool = True,
    ) -> Decorator:
        def register(handler: Handler) -> Handler:
            hints = get_type_hints(handler)
            model = answer if answer is not None and issubclass(answer, Output) else None
            route = Route(
                handler=handler,
                permission=permission,
                answer=model,
                status=status or (200 if answer else 204),
                once=once,
                largest_body_bytes=largest_body_bytes,
                body=hints.get("body"),
                query=hints.get("query"),
                form=hints.get("form"),
                render=render,
                keyed=keyed and method in ("post", "put", "patch", "delete"),
            )
            described = getattr(self.blueprint, method)(
                rule,
                responses={str(route.status): DOCUMENT_RESPONSE if answer is Document else model},
                openapi_extensions={"x-permission": str(permission)},
            )
            described(_view(route, rule, keyed=keyed and method in ("post", "put", "patch")))
            return handler

        return register


def _view(route: Route, rule: str, *, keyed: bool) -> Callable[..., Response]:
    """The function that Flask calls, annotated for the description."""

    def view(**path: Any) -> Response:
        return route(**path)

    view.__name__ = route.handler.__name__
    view.__doc__ = inspect.getdoc(route.handler)
    annotations: dict[str, Any] = {"path": _path_model(rule)} if "<" in rule else {}
    if route.body:
        annotations["body"] = route.body
    if route.query:
        annotations["query"] = route.query
    if route.form:
        annotations["form"] = _with_file(route.form)
    if keyed:
        annotations["header"] = KeyHeader
    view.__annotations__ = annotations
    # Tells flask-openapi3 that this view reads its request itself.
    view.__dict__["__delay_validate_request__"] = True
    view.__dict__["permission"] = route.permission
    return view


def _path_model(rule: str) -> type[BaseModel]:
    variables = re.findall(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>", rule)
    fields: dict[str, Any] = {
        name: (int if converter == "int" else str, ...) for converter, name in variables
    }
    return create_model("Path", **fields)


def _with_file(form: type[BaseModel]) -> type[BaseModel]:
    """The form as it is described: with its file."""
    described: type[BaseModel] = create_model(form.__name__, __base__=form, file=(FileStorage, ...))
    return described


def by_bearer() -> people.Presence:
    """Whose token came with the request; raises :class:`NotLoggedIn`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotLoggedIn
    presence = people.by_token(token.strip())
    g.actor = presence.actor
    return presence


def _request_hash() -> str:
    text = f"{request.method} {request.full_path}\n".encode() + request.get_data(cache=True)
    return hashlib.sha256(text).hexdigest()


def _json_response(status: int, body: Any) -> Response:
    if status == HTTPStatus.NO_CONTENT:
        return Response(status=status)
    return Response(json.dumps(body), status, mimetype="application/json")


DOCUMENT_RESPONSE: dict[str, Any] = {
    "description": "A document",
    "content": {
        mimetype: {"schema": {"type": "string", "format": "binary"}}
        for mimetype in ("application/pdf", CSV_MIMETYPE, XLSX_MIMETYPE)
    },
}
PROBLEM_RESPONSE: dict[str, Any] = {
    "description": "A problem (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

__all__ = ["PREFIX", "Actor", "Document", "Routes", "by_bearer"]
