"""How the parts of the service say no: tRPC for the list, google.rpc for media, XML for signed URLs."""

from http import HTTPStatus
from typing import Any, Final, TypeAlias

from aiohttp import web

Json: TypeAlias = dict[str, Any]

LIST: Final = "media.fetchUserHistoryDirectly"
RETIRED: Final = "Flow RPCs have been deprecated and disabled. Flow has migrated to https://flow.google.com."
WRONG_BEARER: Final = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
    "valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
ERROR_INFO: Final = "type.googleapis.com/google.rpc.ErrorInfo"
THROTTLED: Final = "PUBLIC_ERROR_USER_REQUESTS_THROTTLED"

_RPC: Final = {
    400: (3, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: (16, "UNAUTHENTICATED", WRONG_BEARER),
    403: (7, "PERMISSION_DENIED", "The caller does not have permission"),
    404: (5, "NOT_FOUND", "Requested entity was not found."),
    429: (8, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    500: (13, "INTERNAL", "Internal error encountered."),
    501: (12, "UNIMPLEMENTED", "Operation is not implemented, or supported, or enabled."),
    503: (14, "UNAVAILABLE", "The service is currently unavailable."),
    504: (4, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}
_STORAGE: Final = {
    400: ("InvalidArgument", "Invalid argument."),
    403: ("AccessDenied", "Access denied."),
    404: ("NoSuchKey", "The specified key does not exist."),
    429: ("TooManyRequests", "Too many requests."),
    500: ("InternalError", "We encountered an internal error. Please try again."),
    503: ("ServiceUnavailable", "Service unavailable. Please try again."),
}


def grpc_code(status: int) -> int:
    """The gRPC code that stands for an HTTP status; 2, unknown, where there is none."""
    return _RPC[status][0] if status in _RPC else 2


def trpc_error(status: int, message: str | None = None) -> web.Response:
    """An error of the `labs` list, with the number and the code that tRPC has for its status."""
    number = -32600 if status == 400 else -32603 if status >= 500 else -31600 - status
    data = {"code": phrase(status).upper().replace(" ", "_"), "httpStatus": status, "path": LIST}
    error = {"message": phrase(status) if message is None else message, "code": number, "data": data}
    return web.json_response({"error": {"json": error}}, status=status)


def rpc_error(status: int, message: str | None = None, **details: list[Json]) -> web.Response:
    """An error of the media endpoint."""
    _, code, usual = _RPC.get(status, (2, "UNKNOWN", phrase(status)))
    error = {"code": status, "message": usual if message is None else message, "status": code, **details}
    return web.json_response({"error": error}, status=status)


def throttled() -> web.Response:
    """The 429 of the media endpoint."""
    return rpc_error(429, details=[{"@type": ERROR_INFO, "reason": THROTTLED}])


def storage_error(status: int, code: str | None = None, message: str | None = None) -> web.Response:
    """An error of a signed URL."""
    usual = _STORAGE.get(status, (phrase(status).title().replace(" ", ""), phrase(status)))
    text = (
        "<?xml version='1.0' encoding='UTF-8'?>"
        f"<Error><Code>{code or usual[0]}</Code><Message>{message or usual[1]}</Message></Error>"
    )
    return web.Response(status=status, text=text, content_type="application/xml")


def expired() -> web.Response:
    """What a signed URL of the storage answers after its time."""
    return storage_error(400, "ExpiredToken", "The provided token has expired.")


def page_error(status: int) -> web.Response:
    """What stands in place of a web page."""
    title = f"Error {status} ({phrase(status)})"
    text = (
        f'<!DOCTYPE html><html lang="en"><title>{title}</title><p><b>{status}.</b> That is an error.</html>'
    )
    return web.Response(status=status, text=text, content_type="text/html")


def phrase(status: int) -> str:
    """The usual words of an HTTP status."""
    known = {one.value: one.phrase for one in HTTPStatus}
    return known.get(status, "Unknown")
