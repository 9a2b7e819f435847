"""Whatever the provider answers and whatever a person does, in any order: what was accepted is paid for once.

A machine of hypothesis plays a provider of each dialect that answers anything, kernels that are killed and closed, and a
person who runs cells, stops them, looks again and sends again. The time is the test's, and nothing waits for any. After each
step:

- No request is accepted while another of the same stands, unless a person asked for that one by `fresh`, `rerun` or
  `resubmit`: one stands until its operation has ended without a video, or the provider has deleted it by its age, or
  for good once its video came.
- The bill has what the provider charged for.
- The name of an operation that was heard of is never lost, and what was done stays done.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.faults.rows import Row
from tests.faults.wires import WIRES, Wire
from tests.world import Service, Time, settings_in, stay_on_one_thread
from veo_nb import catalog
from veo_nb.engine.engine import Engine
from veo_nb.engine.job import Job, Registry
from veo_nb.engine.jobs import Jobs
from veo_nb.engine.lease import Leases
from veo_nb.engine.workspace import Parts
from veo_nb.errors import VeoError
from veo_nb.media.encode import Writer
from veo_nb.store.files import Files
from veo_nb.store.ledger import Ledger
from veo_nb.store.recovery.journal import Journal
from veo_nb.store.rows import JobRow, State

DAYS = 2 * 24 * 3600.0
PROMPTS = ("A fox.", "An owl, twice.")

TAKEN, TAKEN_UNSAID, LATE = "taken", "taken, and the answer lost", "taken, and answered late"
SUBMITS = (
    TAKEN,
    TAKEN,
    TAKEN_UNSAID,
    TAKEN_UNSAID,
    "taken, 500",
    LATE,
    LATE,
    "unreached",
    400,
    401,
    403,
    404,
    429,
    503,
    "policy",
)
"""What comes of a submit; a number is a refusal."""
ANSWERS = (404, 404, 404, 400, 403, 405, 410, 429, 500, "policy", "policy", "unreached", "page", "nonsense")
"""What a poll or a download may be answered with instead of the truth, for a while or for long."""
ENDS = ("made", "failed", "failed, free", "blocked", "nothing")


@dataclass
class Operation:
    """What the provider has accepted."""

    name: str
    prompt: str
    accepted_at: float
    usd: float
    end: str = ""
    heard: bool = False
    """Whether its name came to a kernel that lived."""

    def stands(self, now: float) -> bool:
        return self.end in ("", "made") and now <= self.accepted_at + DAYS


class Provider(Service):
    """Keeps the truth, and says something else when it is told to."""

    def __init__(self, wire: Wire, clip: bytes, time: Time) -> None:
        super().__init__(clip)
        self.wire = wire
        self.time = time
        self.operations: list[Operation] = []
        self.next_submit: Any = TAKEN
        self.odd: dict[str, deque[Any]] = {"poll": deque(), "download": deque()}
        self.late: list[asyncio.Future[None]] = []
        self.accepting: Callable[[str], float] = lambda prompt: 0.0

    async def answer(self, request: httpx2.Request, alive: Callable[[], bool]) -> httpx2.Response:
        """The answer to a kernel; one that was killed meanwhile hears nothing any more."""
        response = await self._say(request, alive)
        if not alive():
            await asyncio.get_running_loop().create_future()
        return response

    async def _say(self, request: httpx2.Request, alive: Callable[[], bool]) -> httpx2.Response:
        path = request.url.path
        kind = self.wire.kind(request.method, path)
        if kind == "submit":
            return await self._submit(request, alive)
        if kind == "other":
            return httpx2.Response(404)
        if self.odd[kind]:
            return _odd(self.odd[kind].popleft(), request)
        body = json.loads(request.content or b"null")
        asked = re.search(r"op(\d+)", self.wire.name_in(path, body) if kind == "poll" else path)
        assert asked is not None
        found = self.operations[int(asked[1]) - 1]
        if self.time.now > found.accepted_at + DAYS:
            return httpx2.Response(404, json={"error": {"message": "no such thing"}})
        return httpx2.Response(200, json=self._state(found)) if kind == "poll" else self.send(request)

    async def _submit(self, request: httpx2.Request, alive: Callable[[], bool]) -> httpx2.Response:
        how, self.next_submit = self.next_submit, TAKEN
        if how not in (TAKEN, TAKEN_UNSAID, "taken, 500", LATE):
            return _odd(how, request)
        prompt = self.wire.prompt(json.loads(request.content))
        begun = self.wire.begun(request.url.path, len(self.operations) + 1)
        usd = self.accepting(prompt)
        made = Operation(begun.get("name") or begun["id"], prompt, self.time.now, usd)
        self.operations.append(made)
        if how == TAKEN_UNSAID:
            raise httpx2.ReadTimeout("no answer", request=request)
        if how == "taken, 500":
            return httpx2.Response(500)
        if how == LATE:
            self.late.append(asyncio.get_running_loop().create_future())
            await self.late[-1]
        made.heard = alive()
        return httpx2.Response(200, json=begun)

    def _state(self, operation: Operation) -> dict[str, Any]:
        if not operation.end:
            return self.wire.going(operation.name)
        if operation.end != "made":
            return self.wire.ended(operation.name, operation.end)
        home = self.wire.base or catalog.PROVIDERS[self.wire.provider].poll_base.replace("{location}-", "")
        stem = operation.name.rpartition("/")[2].removeprefix("v1_")
        count = min(self.wire.samples, 1 + PROMPTS.index(operation.prompt))
        places = [self.wire.place(home, f"{stem}-{sample}") for sample in range(count)]
        return self.wire.made(operation.name, places, self.clip)


def _odd(how: Any, request: httpx2.Request) -> httpx2.Response:
    if how == "unreached":
        raise httpx2.ConnectError("offline", request=request)
    if how == "policy":
        return httpx2.Response(
            400, json={"error": {"message": "This violates our content policy.", "code": "x"}}
        )
    if how == "page":
        return httpx2.Response(200, html="<html>Sign in</html>")
    if how == "nonsense":
        return httpx2.Response(200, json={"name": 7, "done": "perhaps"})
    words = "No. You have not been charged." if how == 404 else "No."
    return httpx2.Response(how, json={"error": {"message": words, "code": "x"}})


class Loop:
    """A background loop that turns only when the test says so."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        self._loop.create_task(coroutine)
        return Future()

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        self._loop.call_soon(function, *arguments)

    def do(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if self._loop.is_running():
            return function(*arguments)

        async def carry() -> Any:
            return function(*arguments)

        return self._loop.run_until_complete(carry())


@dataclass
class Owner:
    """A kernel as the others see it: alive, until it is killed."""

    id: str
    ledger: Ledger
    living: set[str]
    look: Callable[[], object] = field(default=lambda: None)

    def adopt(self, row: JobRow) -> bool:
        if row.owner == self.id:
            return True
        return row.owner not in self.living and self.ledger.claim(row, self.id)

    def seize(self, row: JobRow) -> bool:
        return self.ledger.claim(row, self.id)

    def after_each_beat(self, look: Callable[[], object]) -> None:
        self.look = look


class Kernel:
    """The real jobs, engine, leases and ledger of a process, on a loop that the test turns."""

    def __init__(self, number: int, world: History) -> None:
        self.world = world
        self.alive = True
        self.loop = world.loop
        self.ledger = Ledger(world.files.ledger_path, journal=Journal(world.files.journal_path))
        self.owner = Owner(f"kernel{number}", self.ledger, world.living)
        world.living.add(self.owner.id)
        options = settings_in(
            world.folder,
            catalog.PROVIDERS[world.wire.provider],
            max_in_flight=1,
            requests_per_minute=None,
            model=world.wire.model,
            base_url=world.wire.base,
        )
        transport = httpx2.MockTransport(lambda request: world.provider.answer(request, lambda: self.alive))
        self.jobs = Jobs(options, world.files, transport=transport, clock=world.time.clock, sleep=self.sleep)
        registry = Registry(self.ledger, world.files, self.jobs)
        loop: Any = Loop(world.loop)
        holder: Any = self.owner

        async def make() -> Engine:
            return Engine(
                options,
                self.ledger,
                world.files,
                None,
                owner=self.owner.id,
                displaced=lambda job: leases.follow(job),  # noqa: PLW0108  made below
                transport=transport,
                clock=world.time.clock,
                sleep=self.sleep,
                chance=lambda: 0.5,
            )

        self.engine = world.loop.run_until_complete(make())
        leases = Leases(
            settings=options,
            ledger=self.ledger,
            registry=registry,
            holder=holder,
            engine=self.engine,
            loop=loop,
            # Who follows another kernel looks each second, which would be all that goes on here.
            sleep=lambda seconds: self.sleep(60 * seconds),
        )
        self.jobs.workspace.owner_id = self.owner.id
        self.jobs.workspace._parts = Parts(self.ledger, registry, loop, self.engine, leases, lambda: None)
        self.resume = leases.resume

    async def sleep(self, seconds: float) -> None:
        await self.world.time.sleep(seconds)
        if not self.alive:
            await asyncio.get_running_loop().create_future()

    def kill(self) -> None:
        """From here on it does nothing any more, wherever it is."""
        self.alive = False
        self.engine._stopping = True
        self.world.living.discard(self.owner.id)
        self.ledger.close()

    def close(self) -> None:
        """As at the end of a script: it lets go of its jobs as they are."""
        self.loop.create_task(self._stop())
        # As far as it gets without time passing: a script that ends does not wait for long either.
        self.world.turn()
        self.kill()

    async def _stop(self) -> None:
        # Nobody turns the clock while it waits for a POST's answer, which it does for seconds.
        for late in self.world.provider.late:
            if not late.done():
                late.set_result(None)
        await self.engine.stop()


SEEN: Counter[str] = Counter()
"""In which states jobs were at the end of a history."""
CLIP: list[bytes] = []
ROW: list[Row] = []
picks = st.integers(0, 7)
prompts = st.sampled_from([PROMPTS[0], PROMPTS[1], PROMPTS[1]])
submits = st.sampled_from(SUBMITS)


class History(RuleBasedStateMachine):
    """The steps, and what holds after each."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.files = Files(self.folder)
        self.files.prepare()
        self.loop = asyncio.new_event_loop()
        stay_on_one_thread(self.loop)
        self.time = Time()
        self.provider = Provider(wire, CLIP[0], self.time)
        self.provider.accepting = self.accepted
        self.living: set[str] = set()
        self.reader = Ledger(self.files.ledger_path)
        self.asked: Counter[str] = Counter()
        """By job, how many more times a person wants it sent, whatever stands."""
        self.made: set[str] = set()
        """Prompts whose clip has come, and jobs that were done."""
        self.doubled: list[str] = []
        self.kernels = [Kernel(0, self)]
        self.count = 1
        ROW[0].tried += 1

    def teardown(self) -> None:
        SEEN.update(row.state for row in self.rows())
        for kernel in self.kernels:
            kernel.kill()
        self.reader.close()
        # What was killed has let go of its files, too; that it can't be written down any more is no matter.
        self.loop.set_exception_handler(lambda *_: None)
        for _ in range(3):
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.turn()
        self.loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # What the provider sees

    def accepted(self, prompt: str) -> float:
        """A request was accepted: was that wanted?"""
        now = self.time.now
        sending = [
            row for row in self.rows() if row.state == "submitting" and row.request["prompt"] == prompt
        ]
        wanted = next((row.id for row in sending if self.asked[row.id]), None)
        standing = [one for one in self.provider.operations if one.prompt == prompt and one.stands(now)]
        if wanted is not None:
            self.asked[wanted] -= 1
        elif standing or prompt in self.made:
            # Raised here, the client would take it for an answer that was lost.
            self.doubled.append(f"{prompt} was sent while this stands: {standing or 'the clip'}")
        ROW[0].submits += 1
        return self.price(prompt)

    def price(self, prompt: str) -> float:
        jobs = self.kernels[0].jobs
        return jobs.quote(self.request(jobs, prompt)).usd or 0.0

    def request(self, jobs: Jobs, prompt: str) -> Any:
        count = min(self.wire.samples, 1 + PROMPTS.index(prompt))
        return jobs.request_of(prompt, 1, {"sample_count": count} if count > 1 else {})

    def rows(self) -> list[JobRow]:
        return self.reader.jobs(1000)

    def turn(self) -> None:
        self.loop.run_until_complete(self.time.settle())

    def kernel(self, pick: int) -> Kernel:
        return self.kernels[pick % len(self.kernels)]

    def act(
        self, pick: int, what: Callable[[Jobs, Job], object], rows: list[JobRow] | None = None
    ) -> Job | None:
        """Do something with a job, from a kernel; the job, or None where that was refused."""
        rows = self.rows() if rows is None else rows
        if not rows:
            return None
        kernel = self.kernel(pick)
        job = kernel.jobs.get(rows[pick % len(rows)].id)
        try:
            what(kernel.jobs, job)
        except VeoError:
            return None
        finally:
            self.turn()
        return job

    # What a person does

    @initialize(prompt=prompts, how=submits)
    def run_the_first_cell(self, prompt: str, how: Any) -> None:
        self.run_the_cell(0, prompt, how)

    @rule(pick=picks, prompt=prompts, how=submits)
    def run_the_cell(self, pick: int, prompt: str, how: Any) -> None:
        self.provider.next_submit = how
        jobs = self.kernel(pick).jobs
        with contextlib.suppress(VeoError):
            jobs.submit(self.request(jobs, prompt))
        self.turn()

    @rule(pick=picks)
    def run_all_cells(self, pick: int) -> None:
        for prompt in PROMPTS:
            if any(row.request["prompt"] == prompt for row in self.rows()):
                self.run_the_cell(pick, prompt, TAKEN)

    @rule(pick=picks, prompt=prompts, how=submits)
    def run_it_fresh(self, pick: int, prompt: str, how: Any) -> None:
        self.provider.next_submit = how
        jobs = self.kernel(pick).jobs
        job, _ = jobs.submit(self.request(jobs, prompt), fresh=True)
        self.asked[job.id] = 1
        self.turn()

    @rule(pick=picks, prompt=prompts)
    def run_it_fresh_in_vain(self, pick: int, prompt: str) -> None:
        self.what_runs_is_made(60)
        self.run_it_fresh(pick, prompt, 400)

    @rule(pick=picks)
    def rerun(self, pick: int) -> None:
        def again(jobs: Jobs, job: Job) -> None:
            self.asked[jobs.rerun(job.id).id] = 1

        self.act(pick, again)

    @rule(pick=picks, how=submits)
    def resubmit(self, pick: int, how: Any) -> None:
        def again(jobs: Jobs, job: Job) -> None:
            jobs.resubmit(job.id)
            self.provider.next_submit = how
            self.asked[job.id] += 1

        lost = [row for row in self.rows() if row.state == "uncertain"]
        self.act(pick, again, lost)

    @rule(pick=picks)
    def retry(self, pick: int) -> None:
        self.act(pick, lambda jobs, job: jobs.retry(job.id))

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        self.act(pick, lambda jobs, job: jobs.cancel(job.id))

    @rule(pick=picks)
    def lose_a_file(self, pick: int) -> None:
        files = sorted(self.folder.rglob("*.mp4"))
        if files:
            files[pick % len(files)].unlink()

    # What happens

    @rule(pick=picks)
    def kill(self, pick: int) -> None:
        self.kernels.remove(dead := self.kernel(pick))
        dead.kill()
        self.begin()

    @rule(pick=picks)
    def close(self, pick: int) -> None:
        self.kernels.remove(old := self.kernel(pick))
        old.close()
        self.begin()

    @precondition(lambda self: len(self.kernels) < 2)
    @rule()
    def begin(self) -> None:
        self.kernels.append(Kernel(self.count, self))
        self.count += 1
        self.kernels[-1].resume()
        self.turn()

    @rule(seconds=st.sampled_from([5, 60, 400]))
    def time_passes(self, seconds: int) -> None:
        self.loop.run_until_complete(self.time.advance(seconds))

    @rule(pick=picks, lose=st.booleans())
    def two_days_pass(self, pick: int, lose: bool) -> None:
        if lose:
            self.lose_a_file(pick)
        self.loop.run_until_complete(self.time.jump(DAYS + 3600))
        self.time_passes(60)

    @rule(seconds=st.sampled_from([60, 400, 400]))
    def what_runs_is_made(self, seconds: int) -> None:
        for one in self.provider.operations:
            one.end = one.end or "made"
        self.time_passes(seconds)

    @rule(pick=picks, end=st.sampled_from(ENDS))
    def the_provider_ends_one(self, pick: int, end: str) -> None:
        going = [one for one in self.provider.operations if not one.end]
        if going:
            going[pick % len(going)].end = end

    @rule(
        call=st.sampled_from(["poll", "download"]),
        answer=st.sampled_from(ANSWERS),
        times=st.sampled_from([1, 5]),
    )
    def answers_will_be_odd(self, call: str, answer: Any, times: int) -> None:
        self.provider.odd[call].extend([answer] * times)

    @rule(call=st.sampled_from(["poll", "download"]), answer=st.sampled_from(ANSWERS))
    def it_is_odd_for_minutes(self, call: str, answer: Any) -> None:
        if call == "download":
            for one in self.provider.operations:
                one.end = one.end or "made"
        self.provider.odd[call].extend([answer] * 1000)
        self.time_passes(1000)
        self.provider.odd[call].clear()

    @rule()
    def all_goes_well_again(self) -> None:
        for answers in self.provider.odd.values():
            answers.clear()
        for late in self.provider.late:
            if not late.done():
                late.set_result(None)
        self.turn()

    # What holds

    @invariant()
    def nothing_is_sent_while_it_stands(self) -> None:
        ROW[0].doubled += len(self.doubled)
        assert not self.doubled

    @invariant()
    def the_bill_has_what_was_charged(self) -> None:
        charged = sum(one.usd for one in self.provider.operations if one.end != "failed, free")
        spent = self.kernels[0].jobs.cost().spent
        assert spent > charged - 0.005, f"charged {charged}, and {spent} on the bill"

    @invariant()
    def no_name_is_lost(self) -> None:
        known = {row.operation for row in self.rows()}
        lost = [one.name for one in self.provider.operations if one.heard and one.name not in known]
        ROW[0].lost += len(lost)
        assert not lost

    @invariant()
    def what_was_done_stays_done(self) -> None:
        for row in self.rows():
            if row.state == "succeeded":
                self.made |= {row.id, row.request["prompt"]}
            assert row.id not in self.made or row.state in ("running", "downloading", "succeeded"), row


@pytest.fixture
def small() -> bytes:
    """A clip of two frames."""
    path = Path(tempfile.mkdtemp()) / "clip.mp4"
    with Writer(path, 64, 36) as writer:
        for shade in (40, 200):
            writer.add_picture(np.full((36, 64, 3), shade, dtype=np.uint8))
    data = path.read_bytes()
    shutil.rmtree(path.parent)
    return data


@pytest.fixture
def same_draws(monkeypatch):
    """What is drawn is the same whichever modules are loaded: else hypothesis tries what stands in each of them.

    With all that tests import, the first histories did not come to each end, and five times as many were played.
    """
    cache = type(providers.CONSTANTS_CACHE)(1024)
    monkeypatch.setattr(providers, "CONSTANTS_CACHE", cache)
    monkeypatch.setattr(providers, "_get_local_constants", type(providers.GLOBAL_CONSTANTS))


def play(wire: Wire, examples: int) -> None:
    """So many histories over one wire."""
    machine: Any = partial(History, wire)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            # To have a failure made short, which takes minutes, take this away.
            phases=(Phase.generate,),
        ),
    )


@pytest.mark.parametrize("name", WIRES)
def test_whatever_happens_nothing_is_paid_for_twice(name, tls, small, matrix, same_draws):
    SEEN.clear()
    CLIP[:] = [small]
    ROW[:] = [Row("reports", f"any history of answers, kills and clicks, {name}", tried=0)]
    ends = {state.value for state in State if state.final}
    try:
        # Another release of hypothesis draws others: where the first do not come to each end, more do.
        for examples in (45, 180, 720):
            play(WIRES[name], examples)
            if ends <= {*SEEN}:
                break
    finally:
        ROW[0].ended = " · ".join(f"{count} {state}" for state, count in sorted(SEEN.items()))
        matrix(ROW[0])
    assert ends <= {*SEEN}, "histories that never come there prove nothing"
