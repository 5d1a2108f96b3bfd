"""Exports to files: any file name works, and a file is written completely or not at all."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from asynciojobs import AbstractJob, PureScheduler, Scheduler
from asynciojobs_graph import DrawingError, MissingProgramError

SVG = b"<svg/>"


@pytest.fixture
def scheduler():
    return Scheduler(AbstractJob(label="漢字 é"), label="s")


@pytest.fixture
def quick(script):
    """Make a script that always returns the same picture the drawing program."""
    return script("cat >/dev/null; printf '<svg/>'")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class PathOfBytes:
    def __init__(self, name):
        self.name = name

    def __fspath__(self):
        return self.name


FILE_NAMES = [
    "plain",
    "a.b",
    "a.svg",
    ".hidden",
    "with spaces",
    " ",
    "quotes\"'`",
    "; touch hacked",
    "$(touch hacked)",
    "-o",
    "--help",
    "é漢字😀",
    "two\nlines",
    "back\\slash",
    "*?[x]",
    "%s{}",
    "~",
    "x" * 250,
    os.fsdecode(b"not utf-8 \xff"),
]


@pytest.mark.parametrize("name", FILE_NAMES, ids=ascii)
def test_a_file_may_have_any_name(scheduler, quick, here, name):
    assert scheduler.export_as_svgfile(name) == f"{name}.svg"
    assert (names(here), (here / f"{name}.svg").read_bytes()) == (
        sorted([f"{name}.dot", f"{name}.svg"]),
        SVG,
    )
    assert (here / f"{name}.dot").read_text(encoding="utf-8") == scheduler.dot_format()


@pytest.mark.parametrize("name", FILE_NAMES, ids=ascii)
def test_a_dot_file_may_have_any_name(scheduler, here, name):
    assert scheduler.export_as_dotfile(name) == f"(Over)wrote {name}"
    assert names(here) == [name]


@pytest.mark.parametrize("kind", [str, Path, PathOfBytes])
def test_a_name_may_be_of_any_type_that_open_accepts(scheduler, quick, here, kind):
    filename = PathOfBytes(b"out/x") if kind is PathOfBytes else kind("out/x")
    Path("out").mkdir()
    assert scheduler.export_as_pngfile(filename) == "out/x.png"
    assert scheduler.export_as_dotfile(filename) == "(Over)wrote out/x"
    assert names(here / "out") == ["x", "x.dot", "x.png"]


def test_an_absolute_name_is_returned_as_such(scheduler, quick, here):
    assert scheduler.export_as_graphic(here / "x", "svg") == str(here / "x.svg")


def test_a_suffix_may_have_its_dot(scheduler, quick, here):
    assert scheduler.export_as_graphic("x", ".svg") == "x.svg"


@pytest.mark.parametrize("suffix", ["", ".", "a/b", "../x", "svg -o x", "png:cairo", "é", "_"])
def test_an_invalid_suffix_is_refused(scheduler, quick, here, suffix):
    with pytest.raises(
        ValueError, match=r"^the suffix is a format such as 'png' or 'svg', not "
    ):
        scheduler.export_as_graphic("x", suffix)
    assert names(here) == []


@pytest.mark.parametrize("filename", ["", ".", "..", "a/.."])
def test_a_path_without_a_file_name_is_refused(scheduler, quick, here, filename):
    with pytest.raises(ValueError, match=r"^a file needs a name, and '.*' has none$"):
        scheduler.export_as_svgfile(filename)
    assert names(here) == []


def test_a_name_with_a_null_character_is_refused(scheduler, quick, here):
    with pytest.raises(ValueError, match="null"):
        scheduler.export_as_svgfile("a\0b")


@pytest.mark.parametrize("depth", [0, None])
@pytest.mark.parametrize("status", [False, True])
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_all_exports_take_the_options_of_dot_format(quick, here, status, depth, rankdir):
    scheduler = PureScheduler(Scheduler(AbstractJob()))
    options = {"status": status, "depth": depth, "rankdir": rankdir}
    expected = scheduler.dot_format(**options)
    scheduler.export_as_dotfile("a.dot", **options)
    scheduler.export_as_pngfile("b", **options)
    scheduler.export_as_svgfile("c", **options)
    scheduler.export_as_graphic("d", "jpg", **options)
    texts = {path.name: path.read_text("utf-8") for path in here.glob("*.dot")}
    assert texts == dict.fromkeys(["a.dot", "b.dot", "c.dot", "d.dot"], expected)


def test_other_formats_of_the_program_can_be_written(scheduler, program, here):
    scheduler.export_as_pngfile("x")
    scheduler.export_as_svgfile("x")
    scheduler.export_as_graphic("x", "json")
    starts = {path.suffix: path.read_bytes()[:5] for path in here.iterdir()}
    assert starts == {
        ".dot": b"digra",
        ".json": b'{\n  "',
        ".png": b"\x89PNG\r",
        ".svg": b"<?xml",
    }


# -- complete files, or none


def old_files(folder):
    old = {"x.dot": b"old text", "x.svg": b"old picture"}
    for name, data in old.items():
        (folder / name).write_bytes(data)
    return old


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


FAILURES = ["exit 1", "printf '<sv'; exit 1", "printf '<sv'; kill -KILL $$", "exit 0"]


@pytest.mark.parametrize("text", FAILURES)
def test_a_program_that_fails_leaves_no_file(scheduler, script, here, text):
    script(text)
    with pytest.raises(DrawingError):
        scheduler.export_as_svgfile("x")
    assert names(here) == []


@pytest.mark.parametrize("text", FAILURES)
def test_a_program_that_fails_leaves_the_old_files(scheduler, script, here, text):
    script(text)
    old = old_files(here)
    with pytest.raises(DrawingError):
        scheduler.export_as_svgfile("x")
    assert contents(here) == old


def test_without_a_program_no_file_is_written(scheduler, here, monkeypatch):
    monkeypatch.setenv("ASYNCIOJOBS_DOT", "/nowhere/dot")
    with pytest.raises(MissingProgramError):
        scheduler.export_as_svgfile("x")
    assert names(here) == []


@pytest.mark.parametrize("blocked", ["x.dot", "x.svg"])
def test_a_folder_is_not_replaced(scheduler, quick, here, blocked):
    (here / blocked).mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        scheduler.export_as_svgfile("x")
    assert (caught.value.filename, names(here)) == (blocked, [blocked])


@pytest.mark.parametrize("name", ["nowhere/x", "file/x"])
def test_a_missing_folder_is_not_made(scheduler, quick, here, name):
    (here / "file").touch()
    with pytest.raises(FileNotFoundError) as caught:
        scheduler.export_as_svgfile(name)
    assert (caught.value.filename, names(here)) == (f"{name}.dot", ["file"])


@pytest.mark.parametrize("name", ["out/../x", "out/../out/x", "../here/x", "link/../x", "./x"])
def test_a_path_with_two_dots_leads_to_the_file(scheduler, quick, here, name):
    (here / "out" / "deep").mkdir(parents=True)
    (here / "link").symlink_to("out/deep")  # so link/.. is out
    picture = scheduler.export_as_svgfile(name)
    assert Path(picture).read_bytes() == SVG
    assert Path(f"{picture.removesuffix('.svg')}.dot").exists()
    message = scheduler.export_as_dotfile(f"{name}.gv")
    assert Path(message.removeprefix("(Over)wrote ")).read_text() == scheduler.dot_format()


@pytest.mark.parametrize(
    ("name", "error"),
    [("nowhere/../x", FileNotFoundError), ("file/../x", NotADirectoryError)],
)
def test_a_path_that_can_not_be_opened_is_refused(scheduler, quick, here, name, error):
    """Without the ``nowhere/..`` in its name, the file would not be where the name leads."""
    (here / "file").touch()
    with pytest.raises(error):
        Path(f"{name}.dot").write_text("")
    with pytest.raises(error) as caught:
        scheduler.export_as_svgfile(name)
    assert (caught.value.filename, names(here)) == (f"{name}.dot", ["file"])


@pytest.mark.parametrize(
    ("target", "error"),
    [("nowhere/../y", FileNotFoundError), ("x.dot", OSError)],
    ids=["missing", "itself"],
)
def test_a_link_that_can_not_be_opened_is_refused(scheduler, here, target, error):
    (here / "x.dot").symlink_to(target)
    with pytest.raises(error) as caught:
        scheduler.export_as_dotfile("x.dot")
    assert (caught.value.filename, names(here)) == ("x.dot", ["x.dot"])


def test_links_are_followed_one_after_the_other(scheduler, here):
    (here / "a" / "b").mkdir(parents=True)
    (here / "x").symlink_to("a/y")
    (here / "a" / "y").symlink_to("b/../b/z")
    scheduler.export_as_dotfile("x")
    assert (here / "a" / "b" / "z").read_text() == scheduler.dot_format()
    assert ((here / "x").is_symlink(), (here / "a" / "y").is_symlink()) == (True, True)


def test_a_folder_that_is_read_only_is_an_error(scheduler, quick, here):
    folder = here / "closed"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("root may write anywhere")
    with pytest.raises(PermissionError):
        scheduler.export_as_svgfile("closed/x")
    assert names(folder) == []


@pytest.mark.parametrize("closed", ["x.dot", "x.svg"])
def test_a_file_that_is_read_only_is_not_replaced(scheduler, quick, here, monkeypatch, closed):
    old = old_files(here)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != closed)
    with pytest.raises(PermissionError) as caught:
        scheduler.export_as_svgfile("x")
    assert (caught.value.filename, contents(here)) == (closed, old)


def test_a_full_disk_leaves_the_old_files(scheduler, quick, here, monkeypatch):
    old = old_files(here)
    write = Path.open

    def full(path, mode="r", *args, **options):
        if "x" in mode and len(list(here.glob(".*.tmp"))) == 1:
            raise OSError(28, "No space left on device")
        return write(path, mode, *args, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OSError, match="No space left"):
        scheduler.export_as_svgfile("x")
    assert contents(here) == old


def test_an_interrupt_leaves_the_old_files(scheduler, quick, here, monkeypatch):
    old = old_files(here)

    def replace(path, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        scheduler.export_as_svgfile("x")
    assert contents(here) == old


def test_old_files_are_replaced(scheduler, quick, here):
    old_files(here)
    scheduler.export_as_svgfile("x")
    assert contents(here) == {"x.dot": scheduler.dot_format().encode(), "x.svg": SVG}


def test_a_symbolic_link_stays_one(scheduler, quick, here):
    (here / "elsewhere").mkdir()
    (here / "x.svg").symlink_to("elsewhere/picture")  # it does not exist yet
    (here / "x.dot").symlink_to("elsewhere/text")
    (here / "elsewhere" / "text").write_text("old")
    scheduler.export_as_svgfile("x")
    assert ((here / "x.svg").is_symlink(), (here / "x.dot").is_symlink()) == (True, True)
    assert contents(here / "elsewhere") == {
        "picture": SVG,
        "text": scheduler.dot_format().encode(),
    }


def test_a_device_is_written_to(scheduler):
    assert scheduler.export_as_dotfile(os.devnull) == f"(Over)wrote {os.devnull}"
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_pipe_is_written_to(scheduler, here):
    os.mkfifo("pipe")
    received = []
    reader = threading.Thread(target=lambda: received.append(Path("pipe").read_bytes()))
    reader.start()
    scheduler.export_as_dotfile("pipe")
    reader.join()
    assert received == [scheduler.dot_format().encode()]
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)


def test_an_open_pipe_is_written_to(scheduler):
    reading, writing = os.pipe()  # such as /dev/stdout in `python scenario.py | less`
    scheduler.export_as_dotfile(f"/dev/fd/{writing}")
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == scheduler.dot_format().encode()


# -- permissions


@pytest.fixture
def umask(request):
    old = os.umask(request.param)
    yield request.param
    os.umask(old)


def modes(folder):
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()}


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002, 0], indirect=True, ids=oct)
def test_new_files_have_the_usual_permissions(scheduler, quick, here, umask):
    scheduler.export_as_svgfile("x")
    assert modes(here) == dict.fromkeys(["x.dot", "x.svg"], oct(0o666 & ~umask))


@pytest.mark.parametrize("umask", [0o022], indirect=True, ids=oct)
def test_old_files_keep_their_permissions(scheduler, quick, here, umask):
    old_files(here)
    (here / "x.svg").chmod(0o600)
    (here / "x.dot").chmod(0o664)
    scheduler.export_as_svgfile("x")
    assert modes(here) == {"x.dot": "0o664", "x.svg": "0o600"}


def test_the_error_names_the_file_that_can_not_be_written(scheduler, here, monkeypatch):
    def no_space(path, mode):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "open", no_space)
    with pytest.raises(OSError, match=r"^\[Errno 28\] No space left on device: 'x\.dot'$"):
        scheduler.export_as_dotfile("x.dot")


# -- the locale


@pytest.mark.parametrize(
    "settings",
    [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "POSIX"}],
    ids=str,
)
def test_files_are_in_utf_8_whatever_the_locale(scheduler, quick, here, settings):
    program = (
        "from asynciojobs import AbstractJob, Scheduler\n"
        "scheduler = Scheduler(AbstractJob(label='\\u6f22\\u5b57 \\xe9'), label='s')\n"
        "scheduler.export_as_svgfile('x'); scheduler.export_as_dotfile('y.dot')\n"
    )
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **settings}, check=True)
    text = scheduler.dot_format().encode()
    assert contents(here) == {"x.dot": text, "x.svg": SVG, "y.dot": text}
