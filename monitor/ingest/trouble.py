"""What goes wrong between a feed and us, in words for its reader."""

from __future__ import annotations

import pycurl

STATUS_WORDS = {
    401: "asks for a password (401)",
    403: "refuses us (403)",
    404: "not found (404)",
    410: "gone for good (410)",
    429: "asks us to come less often (429)",
    503: "not available now (503)",
}


NETWORK_WORDS = {
    pycurl.E_UNSUPPORTED_PROTOCOL: "leads to an address that is not http or https",
    pycurl.E_URL_MALFORMAT: "the address is malformed",
    pycurl.E_COULDNT_RESOLVE_HOST: "the name is not known",
    pycurl.E_COULDNT_CONNECT: "does not answer",
    pycurl.E_OPERATION_TIMEDOUT: "took too long",
    pycurl.E_TOO_MANY_REDIRECTS: "redirects without end",
    pycurl.E_GOT_NOTHING: "closed the connection without an answer",
    pycurl.E_RECV_ERROR: "broke the connection",
    pycurl.E_PARTIAL_FILE: "ended before its announced length",
    pycurl.E_SSL_CONNECT_ERROR: "no secure connection could be made",
    pycurl.E_PEER_FAILED_VERIFICATION: "its certificate is not valid",
}


def network_trouble(number: int, message: str) -> str:
    """What libcurl's `number` and message mean."""
    if number == pycurl.E_UNSUPPORTED_PROTOCOL and "HTTP/0.9" in message:
        return "does not speak HTTP"
    return NETWORK_WORDS.get(number, f"did not answer as a web server does (libcurl error {number})")
