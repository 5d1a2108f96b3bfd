"""The ids of an SVG, made unique, so that several pictures can be in one page.

A page has one name space for the ids of all its pictures. If two have the id ``l_0``, both are
drawn with the gradient of the first one.
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
"""The ids that Graphviz gives: of groups, and of the links in them."""


def with_unique_ids(svg: bytes) -> bytes:
    """Return an SVG of Graphviz with ids that no other picture has.

    They begin with a hash of the picture, so the same picture has the same ids each time. The
    ids that users give, by the attribute ``id``, stay as they are.
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
