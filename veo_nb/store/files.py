"""The library's folder: where input pictures and finished videos lie, and how a file gets there whole."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib
import json
import os
import re
import secrets
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

from veo_nb.errors import DownloadError, InvalidRequest
from veo_nb.media.kind import KINDS, kind_of_file
from veo_nb.media.picture import SUFFIXES, Picture

LEDGER = "ledger.sqlite"
JOURNAL = "ledger.journal"
RESERVE = ".reserve"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says where no more can be written: the disk is full, one's share of it, or the file too large for it."""
PAUSES = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6)
"""The seconds between two tries to move a file that somebody has open: 1.2 in all."""
IN_USE = (5, 32, 33)
"""What Windows says of a file that somebody has open; it denies access, too, where one is being deleted."""
UNREADABLE = "unreadable"
PREVIEWS = "previews"
"""The folder of small copies. Not a hidden one, of which a Jupyter server gives no file to its pages."""


class Files:
    """A folder with `ledger.sqlite` and its journal, `inputs/`, `previews/`, and a folder of videos for each day.

    Names are made here from the job and the prompt, never from anything that a server said.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def ledger_path(self) -> Path:
        """The ledger's file; it may not exist yet."""
        return self.folder / LEDGER

    @property
    def journal_path(self) -> Path:
        """The file that has every write to the ledger once more."""
        return self.folder / JOURNAL

    @property
    def reserve_path(self) -> Path:
        """The file that makes room for the ledger on a full disk."""
        return self.folder / RESERVE

    def prepare(self) -> None:
        """Make the folder, and be sure that it can be written.

        Raises:
            InvalidRequest: it can't be made or written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
            if self.ledger_path.exists() and not os.access(self.ledger_path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            raise self._unwritable(error) from None

    def keep_picture(self, picture: Picture) -> None:
        """Keep an input, so that the job can be sent after a restart and its recipe stays complete.

        Raises:
            InvalidRequest: it can't be written.
        """
        path = self.picture_path(picture.sha256, picture.mime)
        if path.exists():
            return
        try:
            path.parent.mkdir(exist_ok=True)
            # Another kernel may be keeping the same picture.
            with replacing(path) as part:
                part.write_bytes(picture.data)
        except OSError as error:
            raise self._unwritable(error) from None

    def picture_path(self, sha256: str, mime: str) -> Path:
        """Where an input is kept."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise InvalidRequest("The recipe names a picture in a way that can't be.", hint="")
        return self.folder / "inputs" / f"{sha256[:16]}{SUFFIXES.get(mime, '.jpg')}"

    def picture_bytes(self, sha256: str, mime: str) -> bytes:
        """The bytes of a kept input; none where its file is gone, since the job can still be shown."""
        try:
            return self.picture_path(sha256, mime).read_bytes()
        except OSError:
            return b""

    def part_path(self, job_id: str, sample: int) -> Path:
        """Where a video is written while it arrives; the same after a restart, so that it goes on."""
        folder = self.folder / "arriving"
        folder.mkdir(exist_ok=True)
        return folder / f"{job_id}-{sample}.part"

    def video_path(self, job_id: str, sample: int, prompt: str, created_at: float) -> Path:
        """Where a video belongs: `2026-11-22/fox-3f2a.mp4`."""
        day = datetime.fromtimestamp(created_at).astimezone().strftime("%Y-%m-%d")
        ending = f"-{sample + 1}" if sample else ""
        return self.folder / day / f"{slug(prompt)}-{job_id}{ending}.mp4"

    def preview_path(self, job_id: str, sample: int, sha256: str) -> Path:
        """Where a small copy of a video lies; one that is fetched anew may be another file, and has another."""
        return self.folder / PREVIEWS / f"{job_id}-{sample}-{sha256[:8]}.mp4"

    def drop_previews(self, job_id: str, sample: int) -> None:
        """Take away the small copies of a video: of what was deleted nothing should be left to be seen."""
        for path in (self.folder / PREVIEWS).glob(f"{job_id}-{sample}-*.mp4"):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def original_path(self, video: Path, kind: str) -> Path:
        """Where a video lies as it came, beside the MP4 that was made of it: `fox-3f2a.original.webm`."""
        return video.with_suffix(f".original.{kind}")

    def keep_unreadable(self, part: Path, video: Path) -> Path:
        """Move what arrived in place of a video beside where that belongs, under the kind that it seems to be; its path."""
        path = video.with_suffix(f".{UNREADABLE}.{kind_of_file(part) or 'bin'}")
        path.parent.mkdir(exist_ok=True)
        move(part, path)
        return path

    def drop_unreadable(self, video: Path) -> None:
        """Throw away what arrived in place of a video that is here now."""
        for kind in (*KINDS, "bin"):
            video.with_suffix(f".{UNREADABLE}.{kind}").unlink(missing_ok=True)

    def place(self, part: Path, path: Path) -> None:
        """Move a whole file to its place in one step."""
        self.flush(part)
        move(part, path)

    def flush(self, part: Path) -> None:
        """Have a file on the disk itself; where it is there already, this takes no time."""
        with part.open("r+b") as file:
            flush(file.fileno())

    def write_sidecar(self, video: Path, recipe: dict[str, Any]) -> None:
        """Write a video's recipe beside it, as JSON."""
        path = video.with_suffix(".json")
        path.parent.mkdir(exist_ok=True)
        with replacing(path) as part:
            part.write_text(json.dumps(recipe, indent=2, ensure_ascii=False) + "\n", "utf-8")

    def relative(self, path: Path) -> str:
        """A path as the ledger writes it: relative to the folder, with forward slashes."""
        return path.relative_to(self.folder).as_posix()

    def _unwritable(self, error: OSError) -> InvalidRequest:
        return InvalidRequest(
            f"The library folder {self.folder} can't be written: {error.strerror or error}.",
            hint="Set VEO_NB_LIBRARY to a folder of yours, or use veo.configure(library=…).",
            field="library",
            why=error.strerror or str(error),
        )


REMOTE = re.compile(
    r"nfs4?|cifs|smb3|smbfs|9p|virtiofs|afs|ceph|lustre|gpfs|beegfs|glusterfs|pvfs2|coda|davfs|ncpfs"
    r"|afpfs|webdav|ftp|vboxsf|prl_fs|fakeowner|(?:mac|os)fuse.*|fuse(?!blk|\.fuse-overlayfs).*"
)
"""File systems behind which another machine may be; those of FUSE are Drive, sshfs, buckets."""
MOUNTS = Path("/proc/self/mountinfo")


def find_drive(folder: Path, mounts: Path = MOUNTS) -> str:
    """What kind of network or mounted drive a folder lies on, such as `nfs4`; empty for a disk of this machine.

    Empty, too, where the system does not say it; `mounts` is where Linux does.
    """
    if os.name == "nt":  # pragma: no cover
        return drive_of_windows(folder.resolve(), _ask_windows)
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return drive_of_macos(folder.resolve(), _ask_macos()) if sys.platform == "darwin" else ""
    found = []
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        # A blank is written as \040.
        point = re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), os.fsencode(fields[4]))
        found.append((point, after.split(" ")[0]))
    return _remote(os.fsencode(folder.resolve()), found)


def drive_of_macos(folder: PurePath, said: str) -> str:
    """As `find_drive`, by what macOS' command `mount` says: `//me@nas/video on /Volumes/video (smbfs, nodev)`."""
    lines = re.findall(r"^.*? on (/.*) \(([^,()]+)[^()]*\)$", said, re.MULTILINE)
    return _remote(os.fsencode(folder), [(os.fsencode(point), kind) for point, kind in lines])


def drive_of_windows(folder: PurePath, ask: Callable[[str], int]) -> str:
    r"""As `find_drive`; `ask` gives Windows' number for the kind of drive that begins so, `C:\`."""
    # A path that is longer than others may be begins with `\\?\`.
    drive = re.sub(r"^\\\\\?\\(UNC\\)?", lambda long: "\\\\" if long[1] else "", folder.drive)
    if drive.startswith("\\\\"):
        return "network"
    remote = 4
    return "network" if ask(f"{drive}\\") == remote else ""


def _remote(path: bytes, mounts: Sequence[tuple[bytes, str]]) -> str:
    """The kind of what is mounted where a path lies, if another machine may be behind it."""
    kind, longest = "", -1
    for point, what in mounts:
        # Of two at one place the later one covers the other.
        if len(point) >= longest and (path + b"/").startswith(point.rstrip(b"/") + b"/"):
            kind, longest = what, len(point)
    return kind if REMOTE.fullmatch(kind) else ""


def _ask_macos() -> str:  # pragma: no cover
    import subprocess

    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(
            ["/sbin/mount"], capture_output=True, check=True, timeout=5, encoding="utf-8", errors="replace"
        ).stdout
    return ""


def _ask_windows(drive: str) -> int:  # pragma: no cover
    import ctypes

    system: Any = ctypes
    return int(system.windll.kernel32.GetDriveTypeW(drive))


def move(old: Path, new: Path, *, pause: Callable[[float], object] = time.sleep) -> None:
    """Move a file in one step, to where another may be.

    Windows refuses it while anybody has one of the two open, such as a server that is sending it or a scanner of viruses
    that looks at what is new: most are through in a moment.

    Raises:
        PermissionError: one of them is open for longer than that, or may not be written.
        OSError: it can't be moved.
    """
    for seconds in PAUSES:
        try:
            old.replace(new)
        except PermissionError as error:
            if getattr(error, "winerror", None) not in IN_USE:
                raise
            pause(seconds)
        else:
            return
    old.replace(new)


def flush(file: int, control: Any = None) -> None:
    """Have what was written to a file on the disk itself: on macOS `fsync` leaves it in what the disk has yet to write.

    `control` is POSIX's module `fcntl`.
    """
    if control is None:
        with contextlib.suppress(ImportError):
            control = importlib.import_module("fcntl")
    full = getattr(control, "F_FULLFSYNC", None)
    if full is not None:
        # Drives of other machines don't know it.
        with contextlib.suppress(OSError):
            control.fcntl(file, full)
            return
    os.fsync(file)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name to write to: once the block is through, the file takes the place of `path` in one step.

    It is nobody else's: in two containers that share a folder a process may have the same number.
    """
    part = path.with_name(f".{path.name[:80]}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        yield part
        move(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def slug(prompt: str, longest: int = 16) -> str:
    """The first words of a prompt as a file name: `fox-crosses`; `clip` where it has no plain letters.

    Short, so that the line under a video, which ends with its path, stays one line.
    """
    plain = unicodedata.normalize("NFKD", prompt[:400]).encode("ascii", "ignore").decode().lower()
    name = ""
    for word in re.findall(r"[a-z0-9]+", plain):
        if word in ("a", "an", "the"):
            continue
        longer = f"{name}-{word}" if name else word[:longest]
        if len(longer) > longest:
            break
        name = longer
    return name or "clip"


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            found.update(chunk)
    return found.hexdigest()


def check_video(path: Path, playable: Path | None = None) -> Any:
    """What the file holds (`media.probe.VideoInfo`), once it is known to be a video.

    Where no browser plays it, an MP4 is made of it at `playable`, where that is given, and that is told of.

    Raises:
        DownloadError: it is none; with `cut_off`, when only its end is missing.
        OSError: the MP4 can't be written.
    """
    from veo_nb.media.join import convert
    from veo_nb.media.probe import CutOff, UnreadableVideo, probe

    if playable is not None:
        # Of a kernel that was killed over it.
        playable.unlink(missing_ok=True)
    try:
        facts = probe(path)
        return facts if facts.is_playable or playable is None else convert(path, playable)
    except UnreadableVideo as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in FULL:
            raise OSError(cause.errno, cause.strerror) from None
        raise DownloadError(
            f"What arrived is not a playable video: {error}",
            hint="It is kept at the provider for two days.",
            cut_off=isinstance(error, CutOff),
        ) from None
