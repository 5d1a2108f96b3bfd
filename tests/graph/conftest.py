"""Drawing programs, and SVG pictures read back as boxes, clusters and arrows."""

from __future__ import annotations

import contextlib
import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import pytest
from browser import BROWSERS, Browser, browser_program

from asynciojobs_graph import _programs

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


class Point(NamedTuple):
    x: float
    y: float


class Rectangle(NamedTuple):
    """The bounding box of some points, in SVG coordinates: y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self):
        return self.right - self.left

    def has(self, other, margin=0.01):
        """Tell whether the other rectangle is inside this one."""
        return (
            self.left - margin <= other.left
            and other.right <= self.right + margin
            and self.top - margin <= other.top
            and other.bottom <= self.bottom + margin
        )

    def meets(self, other):
        """Tell whether the two overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def distance_to_border(self, point):
        """Return how far a point is from the border, inside or outside."""
        aside = max(self.left - point.x, 0, point.x - self.right)
        above = max(self.top - point.y, 0, point.y - self.bottom)
        if aside or above:
            return (aside**2 + above**2) ** 0.5
        return min(
            point.x - self.left, self.right - point.x, point.y - self.top, self.bottom - point.y
        )


@dataclass
class Shape:
    """A box or a cluster."""

    title: str
    texts: list[str]
    area: Rectangle
    look: dict[str, str]  # fill, stroke, stroke-width, stroke-dasharray


@dataclass
class Arrow:
    title: str
    begin: Point
    tip: Point


class Svg:
    """An SVG of Graphviz, read back; boxes and clusters by title."""

    def __init__(self, data):
        self.root = ElementTree.fromstring(data)
        self.boxes: dict[str, Shape] = {}
        self.clusters: dict[str, Shape] = {}
        self.arrows: list[Arrow] = []
        for group in self.root.iter(f"{SVG}g"):
            match group.get("class", "no class").split()[0]:  # the user's classes follow
                case "node":
                    add(self.boxes, shape_of(group))
                case "cluster":
                    add(self.clusters, shape_of(group))
                case "edge":
                    self.arrows.append(arrow_of(group))

    @property
    def size(self):
        """Return width and height in points."""
        _, _, width, height = map(float, self.root.get("viewBox").split())
        return width, height

    def edges(self):
        """Return the titles of the arrows, as pairs."""
        return sorted(tuple(arrow.title.split("->")) for arrow in self.arrows)


def add(shapes, shape):
    assert shape.title not in shapes
    shapes[shape.title] = shape


def shape_of(group):
    # with a tooltip, the outline is in a group and a link
    outline = next(part for part in group.iter() if part.tag in (f"{SVG}path", f"{SVG}polygon"))
    points = points_of(outline.get("d") or outline.get("points"))
    xs, ys = zip(*points, strict=True)
    look = {
        name: outline.get(name)
        for name in ("fill", "stroke", "stroke-width", "stroke-dasharray")
        if outline.get(name) is not None
    }
    texts = [text_of(text) for text in group.iter(f"{SVG}text")]
    area = Rectangle(min(xs), min(ys), max(xs), max(ys))
    return Shape(group.findtext(f"{SVG}title"), texts, area, look)


def arrow_of(group):
    line = points_of(group.find(f"{SVG}path").get("d"))
    head = points_of(group.find(f"{SVG}polygon").get("points"))
    # the arrowhead is a triangle: its tip is the point farthest from the other two
    tip = max(head, key=lambda point: sum(distance(point, other) for other in head))
    return Arrow(group.findtext(f"{SVG}title"), line[0], tip)


def distance(one, other):
    return ((one.x - other.x) ** 2 + (one.y - other.y) ** 2) ** 0.5


def points_of(text):
    numbers = [float(number) for number in NUMBER.findall(text)]
    return [Point(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]


def text_of(element):
    # Graphviz 2 writes the second of two spaces as a no-break space
    return "".join(element.itertext()).replace("\xa0", " ")


@pytest.fixture(scope="session")
def graphviz_pure():
    """Return the path of the program that pip installs."""
    path = _programs._program_of_graphviz_pure()
    assert path is not None, 'pip install "asynciojobs[dot]"'
    return path


@pytest.fixture(scope="session")
def system_dot():
    """Return the path of the dot of the system."""
    path = shutil.which("dot")
    if path is None:
        pytest.skip("no dot on the PATH")
    return path


@pytest.fixture(params=["graphviz-pure", "dot"])
def program(request, monkeypatch) -> str:
    """Make this the drawing program, and return its path; a test runs with each of them."""
    fixture = "graphviz_pure" if request.param == "graphviz-pure" else "system_dot"
    path = request.getfixturevalue(fixture)
    monkeypatch.setenv(_programs.VARIABLE, path)
    return path


@pytest.fixture
def drawn(program) -> Callable[..., Svg]:
    """Draw a scheduler with the program, and read the picture back."""

    def draw(scheduler, **options):
        text = scheduler.dot_format(**options)
        return Svg(_programs.draw(text, "svg"))

    return draw


@pytest.fixture
def script(tmp_path, monkeypatch) -> Callable[[str], str]:
    """Return a function that makes a shell script the drawing program."""

    def write(text):
        folder = tmp_path / "programs that fail"
        folder.mkdir(exist_ok=True)
        path = folder / "a dot"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        monkeypatch.setenv(_programs.VARIABLE, str(path))
        return str(path)

    return write


@pytest.fixture(scope="module")
def new_browser(tmp_path_factory):
    """Return a function that starts a browser without a network."""
    program = browser_program()
    if program is None:
        pytest.skip(f"none of these is on the PATH: {', '.join(BROWSERS)}")
    with contextlib.ExitStack() as stack:

        def start():
            found = Browser(program, tmp_path_factory.mktemp("profile"))
            stack.callback(found.close)
            return found

        yield start


@pytest.fixture(scope="module")
def browser(new_browser):
    """Return a browser without a network."""
    return new_browser()
