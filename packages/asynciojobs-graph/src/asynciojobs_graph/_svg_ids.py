"""Makes the ids of an SVG unique, so that one page can have several pictures.

All pictures of a page share one namespace for their ids. If two have the id ``l_0``, both are
drawn with the gradient of the first.
"""

from __future__ import annotations

import hashlib
import re

__all__ = ["with_unique_ids"]

TAG = re.compile(b"<[a-zA-Z][^<>]*>")
ID = re.compile(rb'(?<=\sid=")[^"]*')
USE = re.compile(rb"(?<=url\(#)[^)]*")
LINK = re.compile(rb'(?<=href="#)[^"]*')
NUMBERED = re.compile(rb"(?:a_)?(?:graph|node|edge|clust)\d.*")
"""The ids that Graphviz gives to groups, and to the links in them."""


def with_unique_ids(svg: bytes) -> bytes:
    """Return an SVG of Graphviz with ids that no other picture has.

    They begin with a hash of the picture, so the same picture always has the same ids. Ids that
    users give with the attribute ``id`` stay as they are.
    """
    digest = hashlib.sha256(svg).digest()[:4]
    prefix = b"p%d_" % int.from_bytes(digest, "big")
    used = set(USE.findall(svg))
    ours = {name for name in ID.findall(svg) if name in used or NUMBERED.fullmatch(name)}

    def rename(match: re.Match[bytes]) -> bytes:
        return prefix + match[0] if match[0] in ours else match[0]

    def rename_in(tag: re.Match[bytes]) -> bytes:
        text = tag[0]
        for pattern in (ID, USE, LINK):
            text = pattern.sub(rename, text)
        return text

    return TAG.sub(rename_in, svg) if ours else svg
