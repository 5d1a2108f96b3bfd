"""Reads HTML pages back."""

from __future__ import annotations

import base64
import hashlib
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

VOID = {"meta", "input", "br", "img", "link"}
FOREIGN = {"script", "style"}


class TreeBuilder(HTMLParser):
    """Builds a tree, and complains about ends without beginnings."""

    def __init__(self):
        super().__init__()
        self.root = Element("document")
        self.path = [self.root]

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), attrs
        element = SubElement(self.path[-1], tag, {name: value or "" for name, value in attrs})
        if tag not in VOID:
            self.path.append(element)

    def handle_endtag(self, tag):
        assert self.path.pop().tag == tag

    def handle_data(self, data):
        element = self.path[-1]
        if len(element):
            element[-1].tail = (element[-1].tail or "") + data
        else:
            element.text = (element.text or "") + data


class Page:
    """A report, read back."""

    def __init__(self, name):
        self.text = Path(name).read_bytes().decode()
        builder = TreeBuilder()
        builder.feed(self.text)
        builder.close()
        assert builder.path == [builder.root]
        self.root = builder.root

    def texts(self, path):
        """Return the texts of all elements on a path."""
        return [text_of(element) for element in self.root.iterfind(path)]

    def facts(self):
        """Return what the page says about the whole run."""
        terms, descriptions = self.texts(".//dl/dt"), self.texts(".//dl/dd")
        return dict(zip(terms, descriptions, strict=True))

    def section(self, title):
        sections = self.root.iterfind(".//section")
        return next(each for each in sections if each.findtext(".//h2") == title)

    def rows(self):
        """Return the cells of the table of jobs, by the labels of the jobs."""
        heads = [text_of(cell) for cell in self.root.find(".//table[@id='jobs']/thead/tr")]
        rows = self.root.iterfind(".//table[@id='jobs']/tbody/tr")
        found = [dict(zip(heads, map(shown_of, row), strict=True)) for row in rows]
        return {row["Job"]: row for row in found}

    def row(self, label):
        """Return the element of the row of a job."""
        rows = self.root.iterfind(".//table[@id='jobs']/tbody/tr")
        return next(row for row in rows if shown_of(row.find("th")) == label)

    def unfolded(self, label):
        """Return what can be unfolded in a job's row, by its title."""
        return {
            each.findtext("summary"): each.findtext("pre")
            for each in self.row(label).iter("details")
        }

    def policy(self):
        """Return the policy of the page."""
        meta = self.root.find(".//meta[@http-equiv='Content-Security-Policy']")
        return dict(part.strip().split(" ", 1) for part in meta.get("content").split(";"))


def text_of(element):
    return "".join(element.itertext())


def shown_of(cell):
    """Return the text of a cell, without what is folded."""
    if cell.find("details") is None and cell.find("p") is None:
        return text_of(cell)
    return cell.text or ""


def hash_of(text):
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
