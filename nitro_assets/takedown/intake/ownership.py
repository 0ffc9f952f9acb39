"""Whose video is it? A one-time token that its owner puts into the video's or the channel's description, or a vouching.

The token is made from the secret, the request and its quarantine entry: it is worthless for any other request, is not
stored, and ends with the quarantine. Every video of a request has to be proven, by its own page or by its channel's; a
playlist's own page proves nothing about the videos on it.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from nitro_assets.identity import block_key, channel_key, video_key
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.lookups import page
from nitro_assets.takedown.quarantine import lapse
from nitro_assets.takedown.requests import Request, TakedownError, advance, requests


def token_of(lake: Lake, request: Request) -> str:
    """`nitro-takedown-` and 26 letters and digits."""
    text = b"owner token\0" + request.id.encode() + b"\0" + request.entries[0].hash.encode()
    mac = hmac.new(lake.secret, text, hashlib.sha256).digest()[:16]
    return "nitro-takedown-" + base64.b32encode(mac).decode().rstrip("=").lower()


def expires(settings: Settings, request: Request) -> datetime:
    """When token and unverified quarantine end."""
    return datetime.fromisoformat(request.entries[0].at) + timedelta(days=settings.verify_days)


def lapses(request: Request) -> bool:
    """Whether it ends by itself: what strangers asked does; the machine's own user and a video gone upstream don't."""
    return request.state == "quarantined" and "by" in request.entries[0].body


def verify(lake: Lake, settings: Settings, request: Request) -> Request:
    """Look for the token on the pages the request names; verified where each of them carries it.

    Raises `TakedownError` that says what was found where it isn't proven.
    """
    if request.state != "quarantined":
        raise TakedownError(f"request {request.id} is {request.state}; only a quarantined one is verified.")
    if datetime.now(UTC) >= expires(settings, request):
        raise TakedownError(f"request {request.id}: its token has expired; make a new request.")
    addresses = request.encrypted_record.addresses
    if not addresses or request.entries[0].body.get("named") not in ("video", "channel"):
        raise TakedownError(
            f"request {request.id}: names no page whose description could prove it; name the videos or the channel by "
            "their addresses, or let a maintainer vouch."
        )
    missing = sum(not _proves(lake, settings, request, address) for address in addresses)
    if missing:
        raise TakedownError(f"request {request.id}: the token is not on {missing} of {len(addresses)} pages.")
    return advance(lake, request.id, "verified", {"how": "token"})


def vouch(lake: Lake, name: str) -> Request:
    """A maintainer knows that the requester may ask."""
    return advance(lake, name, "verified", {"how": "maintainer"})


def _proves(lake: Lake, settings: Settings, request: Request, address: str) -> bool:
    """Whether the address is still that of what was quarantined, and its page or its channel's page holds the token."""
    from nitro_assets.fetch.guards.refusals import FetchError

    token, secret = token_of(lake, request), lake.secret
    try:
        found = page(address, settings)
        if request.entries[0].body["named"] == "channel":
            key = block_key(secret, channel_key(secret, found.channel or ""))
            return key in request.channels and token in found.description
        keys = {block_key(secret, video_key(secret, name)) for names in found.videos for name in names}
        if found.is_list or not keys & set(request.keys):
            return False
        return token in found.description or bool(
            found.channel_url and token in page(found.channel_url, settings).description
        )
    except FetchError:
        return False


def look_for_tokens(lake: Lake, settings: Settings, asked: Iterable[Request]) -> list[Request]:
    """`verify` each; those that are now verified."""
    found = []
    for request in asked:
        try:
            found.append(verify(lake, settings, request))
        except TakedownError:
            continue  # not yet; it is looked at again until it lapses
    return found


def lapse_overdue(lake: Lake, settings: Settings) -> list[Request]:
    """End every unverified request whose time is over."""
    now = datetime.now(UTC)
    overdue = [r for r in requests(lake) if lapses(r) and now >= expires(settings, r)]
    return [lapse(lake, settings, r.id) for r in overdue]
