"""The library's folder: names made here alone, and files that are either whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sharing import in_use
from veo_nb.errors import DownloadError, InvalidRequest
from veo_nb.media.picture import Picture
from veo_nb.store.files import (
    PAUSES,
    Files,
    check_video,
    digest,
    drive_of_macos,
    drive_of_windows,
    find_drive,
    flush,
    move,
    replacing,
    slug,
)

DATA = b"\x89PNG some pixels"
PICTURE = Picture(DATA, "image/png", 8, 8, "../../fox.png", hashlib.sha256(DATA).hexdigest())


@pytest.fixture
def library(tmp_path) -> Files:
    library = Files(tmp_path / "library")
    library.prepare()
    return library


def files(library: Files) -> list[str]:
    return sorted(path.name for path in library.folder.rglob("*") if path.is_file())


def test_preparing_makes_the_folder_and_leaves_nothing_in_it(tmp_path):
    library = Files(tmp_path / "deep" / "er")
    library.prepare()
    library.prepare()
    assert files(library) == []


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InvalidRequest, match="can't be written") as caught:
        Files(tmp_path / "taken" / "library").prepare()
    assert "VEO_NB_LIBRARY" in caught.value.hint


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="rights do not bind this user")
def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InvalidRequest, match="can't be written"):
        Files(tmp_path).prepare()
    tmp_path.chmod(0o700)


def test_a_picture_is_kept_under_its_content_whatever_its_name(library):
    library.keep_picture(PICTURE)
    library.keep_picture(PICTURE)
    assert files(library) == [f"{PICTURE.sha256[:16]}.png"]
    assert library.picture_bytes(PICTURE.sha256, PICTURE.mime) == DATA


def test_a_picture_whose_file_is_gone_is_empty(library):
    assert library.picture_bytes("0" * 64, "image/jpeg") == b""


@pytest.mark.parametrize("sha256", ["../" * 21 + "x", "", "G" * 64, "0" * 63])
def test_a_recipe_cannot_name_a_file_elsewhere(library, sha256):
    with pytest.raises(InvalidRequest):
        library.picture_bytes(sha256, "image/png")


def test_a_picture_that_cannot_be_written_says_so_and_leaves_no_part(library):
    (library.folder / "inputs").write_text("a file")
    with pytest.raises(InvalidRequest, match="can't be written"):
        library.keep_picture(PICTURE)
    assert files(library) == ["inputs"]


def test_a_part_has_the_same_place_after_a_restart(library):
    assert library.part_path("3f2a", 1) == Files(library.folder).part_path("3f2a", 1)
    assert library.part_path("3f2a", 1) != library.part_path("3f2a", 0)


def test_a_whole_file_moves_into_a_folder_of_its_day(library):
    part = library.part_path("3f2a", 1)
    part.write_bytes(b"video")
    placed = library.video_path("3f2a", 1, "The fox crosses a lake, slowly.", 1_800_000_000.0)
    placed.parent.mkdir()
    library.place(part, placed)
    assert placed.read_bytes() == b"video"
    assert not part.exists()
    assert placed.name == "fox-crosses-lake-3f2a-2.mp4"
    assert placed.parent.name.startswith("2027-01-1")
    assert library.relative(placed) == f"{placed.parent.name}/{placed.name}"


def test_a_sidecar_lies_beside_the_video_and_is_whole(library):
    video = library.folder / "fox.mp4"
    library.write_sidecar(video, {"prompt": "Ein Fuchs 🦊", "take": 1})
    library.write_sidecar(video, {"prompt": "Ein Fuchs 🦊", "take": 2})
    assert files(library) == ["fox.json"]
    assert json.loads((library.folder / "fox.json").read_text("utf-8")) == {
        "prompt": "Ein Fuchs 🦊",
        "take": 2,
    }


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A fox crosses a frozen lake.", "fox-crosses"),
        ("Über Größe: café", "uber-groe-cafe"),
        ("狐が湖を渡る", "clip"),
        ("", "clip"),
        ("../../etc/passwd", "etc-passwd"),
        ("Donaudampfschifffahrtsgesellschaftskapitän winkt", "donaudampfschiff"),
    ],
)
def test_a_prompt_becomes_a_plain_name(prompt, name):
    assert slug(prompt) == name


@given(st.text())
def test_every_prompt_becomes_a_name_that_is_safe_everywhere(prompt):
    name = slug(prompt)
    assert 1 <= len(name) <= 16
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert name == name.strip("-")


def test_the_digest_is_that_of_the_bytes(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(os.urandom(3_000_000))
    assert digest(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_playable_video_has_facts(tmp_path, clip):
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip)
    facts = check_video(path)
    assert (facts.width, facts.height) == (192, 108)


@pytest.mark.parametrize("cut", [0, 100, 10_000, -1])
def test_a_file_that_is_not_whole_is_no_video(tmp_path, clip, cut):
    path: Path = tmp_path / "clip.mp4"
    path.write_bytes(clip[:cut])
    with pytest.raises(DownloadError, match="not a playable video"):
        check_video(path)


# What it lies on


MOUNTS = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:40 / /home rw shared:9 - nfs4 server:/home rw,vers=4.2
31 30 8:2 / /home/me/disk rw - xfs /dev/sdb rw
32 21 0:41 / /mnt/a\\040b rw - cifs //server/share rw
33 21 0:42 / /content/drive rw - fuse.drive drive rw
34 21 0:43 / /mnt/c rw - 9p drvfs rw
35 21 0:44 / /mnt/ntfs rw - fuseblk /dev/sdc rw
36 21 0:45 / /over rw - nfs server:/x rw
37 36 8:3 / /over rw - ext4 /dev/sdd rw
38 21 0:46 / /var/lib/x rw - fuse.fuse-overlayfs x rw
39 21 0:47 / /raw\udcff rw - nfs server:/y rw
half a line
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/library", ""),
        ("/homework", ""),
        ("/home/me/library", "nfs4"),
        ("/home", "nfs4"),
        ("/home/me/disk/library", ""),
        ("/mnt/a b/library", "cifs"),
        ("/mnt/a", ""),
        ("/content/drive/MyDrive", "fuse.drive"),
        ("/mnt/c/Users", "9p"),
        ("/mnt/ntfs", ""),
        ("/over/library", ""),
        ("/var/lib/x", ""),
        ("/raw\udcff/library", "nfs"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="paths are others there")
def test_a_network_drive_is_told_by_what_is_mounted(tmp_path, folder, kind):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS, "utf-8", "surrogateescape")
    assert find_drive(Path(folder), mounts) == kind


def test_where_the_system_does_not_tell_it_is_a_disk(tmp_path):
    assert find_drive(tmp_path, tmp_path / "nowhere") == ""


def test_this_machine_tells_without_an_error(tmp_path):
    assert isinstance(find_drive(tmp_path), str)


MACOS = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
//me@nas._smb._tcp.local/video on /Volumes/video (smbfs, nodev, nosuid, mounted by me)
nas:/clips on /Volumes/a (b) on c (nfs, nodev, nosuid)
remote: on /Users/me/drive (macfuse, nodev, nosuid, synchronous, mounted by me)
/dev/disk5s1 on /Volumes/video/card (exfat, local, nodev, nosuid)
half a line
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/Users/me/veo_library", ""),
        ("/Volumes/video/veo_library", "smbfs"),
        ("/Volumes/video/card", ""),
        ("/Volumes/a (b) on c/x", "nfs"),
        ("/Users/me/drive/x", "macfuse"),
        ("/System/Volumes/Data/home/me", ""),
    ],
)
def test_macos_tells_a_network_drive_by_its_command_mount(folder, kind):
    assert drive_of_macos(PurePosixPath(folder), MACOS) == kind


@pytest.mark.parametrize(
    ("folder", "kind", "asked"),
    [
        (r"C:\Users\me", "", ["C:\\"]),
        (r"Z:\video", "network", ["Z:\\"]),
        (r"\\nas\video\library", "network", []),
        (r"\\?\UNC\nas\video\library", "network", []),
        (r"\\?\C:\a long path", "", ["C:\\"]),
    ],
)
def test_windows_tells_a_network_drive_by_its_letter_or_its_machine(folder, kind, asked):
    heard = []

    def ask(drive: str) -> int:
        heard.append(drive)
        return 4 if drive == "Z:\\" else 3

    assert (drive_of_windows(PureWindowsPath(folder), ask), heard) == (kind, asked)


# Files that are written whole


def test_a_file_that_somebody_has_open_is_moved_as_soon_as_it_is_let_go(tmp_path, monkeypatch):
    """As on Windows, where a server that is sending a clip keeps everyone from moving it."""
    old, new = tmp_path / "new.part", tmp_path / "fox.mp4"
    waited: list[float] = []
    old.write_text("new")
    new.write_text("old")
    errors = [in_use(new), in_use(new)]

    def replace(*paths: Path, real=os.replace) -> None:
        if errors:
            raise errors.pop()
        real(*paths)

    monkeypatch.setattr(os, "replace", replace)
    move(old, new, pause=waited.append)
    assert (new.read_text(), waited) == ("new", [*PAUSES[:2]])
    old.write_text("newer")
    errors += [in_use(new)] * (len(PAUSES) + 1)
    with pytest.raises(PermissionError, match="used by another process"):
        move(old, new, pause=waited.append)
    assert (new.read_text(), old.exists()) == ("new", True)


def test_where_rights_are_missing_nobody_waits(tmp_path, monkeypatch):
    def replace(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(PermissionError, match="Permission denied"):
        move(tmp_path / "a", tmp_path / "b", pause=lambda _: pytest.fail("it waited"))


@pytest.mark.parametrize("knows", [True, False])
def test_on_macos_the_disk_itself_is_asked_to_write(tmp_path, monkeypatch, knows):
    """`fsync` leaves it in the disk's own memory there; drives of other machines know nothing else."""
    asked: list[object] = []

    def control(file: int, what: int) -> None:
        asked.append(what)
        if not knows:
            raise OSError(45, "Operation not supported")

    monkeypatch.setattr(os, "fsync", lambda _: asked.append("fsync"))
    flush(3, SimpleNamespace(F_FULLFSYNC=51, fcntl=control))
    assert asked == ([51] if knows else [51, "fsync"])


def test_two_who_write_one_file_at_once_are_not_in_each_others_way(tmp_path):
    """As in two containers that share a folder, whose processes have the same number."""
    path = tmp_path / "fox.json"
    with replacing(path) as one, replacing(path) as two:
        one.write_text("one")
        two.write_text("two")
    assert path.read_text() == "one"
    assert [*tmp_path.iterdir()] == [path]


def test_what_could_not_be_written_leaves_the_former_file_and_no_part(library):
    path = library.folder / "fox.mp4"
    library.write_sidecar(path, {"job": "3f2a"})
    with pytest.raises(UnicodeEncodeError):
        library.write_sidecar(path, {"job": "\ud800"})
    assert files(library) == ["fox.json"]
    assert json.loads((library.folder / "fox.json").read_text()) == {"job": "3f2a"}
