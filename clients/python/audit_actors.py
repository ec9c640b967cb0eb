"""Audit.Actors for hosts in Python: ask before a tool runs, and write down what came of it.

One file, the standard library only, Python 3.9 or newer. Copy it into a project, or put it on the path.

    from audit_actors import AuditClient, Call, Refused

    with AuditClient("http://127.0.0.1:5080", token) as audit:
        call = Call("session-1", "call-1", "sql.exec", {"sql": "SELECT 1"})
        try:
            rows = audit.run(call, lambda input: database.execute(input["sql"]))
        except Refused as refused:
            rows = str(refused)  # for the model: why it did not run

`run` asks the node. The tool runs if, and only if, the answer approves and the record that it begins is kept; what came of it is
kept before it is given back. What *kept* means is chosen once, by how the client is made:

* *fail-closed* (no `spool`): the node has given a receipt, so the record is in the book. Without a node nothing runs.
* *spooled* (`spool=PATH`): the record is on this machine's disk, with fsync, and is sent in the background, in order, until the
  node has it, over restarts and kills of host and node. A decision still needs the node; records do not.

Every message has an id of its own, made once, so that what is sent again after a lost answer is written once. All methods may be
called from any thread; from asyncio use `await asyncio.to_thread(audit.run, call, tool)`. Troubles are logged as `audit_actors`.
"""

from __future__ import annotations

import contextlib
import copy
import http.client
import ipaddress
import json
import logging
import math
import os
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, fields
from typing import Any, Callable, Generator, Iterator, Mapping, Optional, Sequence, TypeVar, Union, cast

try:
    import fcntl
except ImportError:  # a spool needs it, and nothing else does
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "AuditClient", "AuditError", "Call", "Decision", "NodeError", "NotRecorded", "NotRun", "Refused", "ResultNotRecorded",
    "SpoolError", "SpoolFull", "SpoolLocked", "Unavailable",
]

T = TypeVar("T")
Json = Any
"""Whatever `json.dumps` takes."""

_log = logging.getLogger("audit_actors")

_APPROVING = frozenset({
    "approve-once", "approve-for-session", "approve-for-location", "approve-permanently",
    "approved", "approved-for-session", "approved-for-location", "auto"})
_KEPT = frozenset({"recorded", "duplicate", "counted"})
_FINAL = frozenset({"invalid", "refused"})
_RECEIPTS = _KEPT | _FINAL | {"violation"}
_TRY_AGAIN = frozenset({408, 429, 502, 503, 504})
_NOT_BEGUN = frozenset({"approval_expired", "input_changed_after_approval"})
"""With these the node wrote that a tool began which it had not approved so."""

_REQUEST_SECONDS = 30.0
_WAIT_SECONDS = 30.0
"""So long one request waits for a person; then the next one does, so that a connection that died unseen is noticed."""
_BEGIN_WITHIN = 3.0
_MOST_BEGUN = 10_000  # approvals that something began on; each holds for minutes only
"""An older approval is asked for again before the tool begins: it may have been stopped meanwhile."""
_SHORTEST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_PAUSE_OF_REFUSED = 30.0
"""A person has to mend it, such as a token that was revoked."""
_BATCH_BYTES = 1 << 20
_ANSWER_BYTES = 8 << 20
"""No node says more at once, and whoever does is none."""
_SPOOL_LIMIT = 64 << 20


class AuditError(Exception):
    """Whatever this client raises itself."""


class NodeError(AuditError):
    """The node answered, and refused the request: with this token or body it would refuse it again."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"the node answered {status}: {detail}")
        self.status = status


class Unavailable(AuditError):
    """No node answered in time."""

    def __init__(self, says: str, retry_after: Optional[float] = None) -> None:
        super().__init__(says)
        self.retry_after = retry_after


class NotRun(AuditError):
    """The tool did not run: nobody answered, or that it begins could not be kept."""


class Refused(NotRun):
    """The tool did not run: the answer does not approve. The message may be shown to the model."""

    def __init__(self, call: Call, decision: Decision) -> None:
        says = decision.feedback or ("nobody answered in time" if decision.decision is None else decision.decision)
        super().__init__(f"{call.tool_name} was not approved: {says}")
        self.decision = decision


class NotRecorded(AuditError):
    """The node did not take the record as what it says; `status` is that of its receipt, such as "violation"."""

    def __init__(self, status: str, says: str) -> None:
        super().__init__(f"the record is not in the book ({status}): {says}")
        self.status = status


class ResultNotRecorded(AuditError):
    """The tool ran, and what came of it could not be kept. `item` holds it, and may be given to `AuditClient.resend`."""

    def __init__(self, item: bytes, cause: BaseException) -> None:
        super().__init__(f"the tool ran, and its result could not be recorded: {cause}")
        self.item = item


class SpoolError(AuditError):
    """The spool could not keep the record; nothing of it was kept."""


class SpoolFull(SpoolError):
    """The spool holds as much as it may, for the node has been away for long."""


class SpoolLocked(SpoolError):
    """Another process uses the spool."""


@dataclass(frozen=True)
class Call:
    """A tool call: what a person or a policy approves, and what the tool then runs with.

    The input is copied when the call is made, so that what was approved is what runs.
    """

    session_id: str
    tool_call_id: str
    tool_name: str
    effective_input: Json = None
    """What the tool runs with."""
    requested_input: Json = None
    """What the model asked for, where that is something else."""
    turn: int = 0
    task_id: Optional[str] = None
    agent: Optional[str] = None
    display_name: Optional[str] = None
    tier: Optional[str] = None
    """"Observe" or "Confirm"."""
    provenance: Optional[Mapping[str, str]] = None
    """`{"provider": …, "model": …}`"""
    permission: Optional[Mapping[str, Json]] = None
    """The host's own permission request, with its `kind`."""
    location: Optional[str] = None
    description: Optional[str] = None
    expires_at: Optional[str] = None
    """When the host gives up waiting for a person, by RFC 3339."""
    parent: Optional[str] = None
    """The call of the session in whose course this one is made, such as the one that started a sub-agent."""

    def __post_init__(self) -> None:
        for name in ("effective_input", "requested_input", "provenance", "permission"):
            object.__setattr__(self, name, json.loads(_json(getattr(self, name))))


@dataclass(frozen=True)
class Decision:
    """What the node answered."""

    state: str = ""
    decision: Optional[str] = None
    """None while a person is awaited, or where nobody answered until the question ended."""
    by: Optional[str] = None
    feedback: Optional[str] = None
    rule: Optional[str] = None
    policy: Optional[str] = None
    order: Optional[str] = None
    """The approval of more calls than one, or the stop, that decided."""
    sequence: Optional[int] = None
    valid_until: Optional[str] = None

    @property
    def approves(self) -> bool:
        return self.decision in _APPROVING


class AuditClient:
    """Speaks to one node, or to the address behind which several stand, with a token of the role ingest.

    `spool` is a file that is this client's alone; `spool_limit` bounds what of it is not sent yet. `patience` is for how many
    seconds a node that is away is tried again before the answer is no; waiting for a person is not bounded by it.
    """

    def __init__(
        self, server: str, token: str, *, spool: Union[str, os.PathLike[str], None] = None, spool_limit: int = _SPOOL_LIMIT,
        patience: float = 30.0, ssl_context: Optional[ssl.SSLContext] = None,
    ) -> None:
        self._node = _Node(server, token, ssl_context)
        self._patience = patience
        self._begun: dict[tuple[str, str, Optional[int]], None] = {}
        self._claiming = threading.Lock()
        self._spool = None if spool is None else _Spool(os.fspath(spool), spool_limit, self._node)

    def decide(self, call: Call, *, wait: float = 600.0) -> Decision:
        """Asks whether the tool may run, and waits so many seconds for a person, also over restarts of the node.

        Raises `Unavailable` or `NodeError` where there is no answer, which refuses as well.
        """
        body, until = _question_of(call), time.monotonic() + wait
        # At first nobody is waited for: once it is known that a person is asked, patience with the node is another.
        answer = self._ask("POST", "v1/decide", {}, body, time.monotonic(), self._patience)
        while answer.get("question") and (left := until - time.monotonic()) > 0:
            # An answer is to one question, and the call may be asked another meanwhile.
            about = {"session": call.session_id, "call": call.tool_call_id, "question": answer["question"]["question"]}
            answer = self._ask("GET", "v1/call/decision", about, None, until, left + self._patience)
            time.sleep(_SHORTEST_PAUSE if answer.get("question") else 0)  # a node where too many wait answers at once
        return _decision_of(answer)

    def run(self, call: Call, tool: Callable[[Json], T], *, wait: float = 600.0) -> T:
        """Runs `tool(input)` where the node approves and the record that it begins is kept, and records what came of it.

        Raises `Refused` or another `NotRun` where it did not run, what the tool itself raised, and `ResultNotRecorded` where it
        ran and that could not be kept. An approval is for one run: a host that died after the beginning asks with a new call id.
        """
        try:
            self._begin(call, wait)
        except (NodeError, NotRecorded, SpoolError, Unavailable) as cause:
            raise NotRun(f"{call.tool_name} was not run: {cause}") from cause
        began = time.monotonic()
        try:
            value = tool(copy.deepcopy(call.effective_input))
        except Exception as failure:
            self._finish(call, began, False, _text_of(str(failure)) or type(failure).__name__, failure)
            raise
        except BaseException as interruption:  # such as KeyboardInterrupt, which is not to wait for long
            self._cancel(call, f"interrupted by {type(interruption).__name__}")
            raise
        self._finish(call, began, True, _text_of(value), None)
        return value

    def record(self, call: Call, outcome: Mapping[str, Json]) -> None:
        """Keeps a record of a call whose life the host tells itself, such as `{"kind": "cancelled", "reason": "…"}`.

        Raises `SpoolError`, or without a spool `NotRecorded`, `Unavailable` or `NodeError`.
        """
        self._keep(_record_of(call, outcome), self._patience)

    def note(
        self, session_id: str, type: str, detail: Json = None, *, task_id: Optional[str] = None, agent: Optional[str] = None,
    ) -> None:
        """Keeps what concerns no single call, such as "started", "turn_started" or "ended". Raises what `record` does."""
        about = {"session_id": session_id, "task_id": task_id, "agent": agent}
        about = {name: value for name, value in about.items() if value is not None}
        self._keep(_item_of(about, None, note={"type": type, "at": _now(), "detail": detail}), self._patience)

    def resend(self, item: bytes) -> None:
        """Keeps what an earlier `ResultNotRecorded` holds. What is in the book already is not doubled."""
        self._keep(item, self._patience)

    def flush(self, seconds: float = 30.0) -> tuple[int, Optional[str]]:
        """Waits until all that was spooled is sent; returns how many records are not, and why."""
        return (0, None) if self._spool is None else self._spool.flush(seconds)

    def close(self) -> None:
        """Ends the sending; what is not sent stays in the spool for the next client."""
        if self._spool is not None:
            self._spool.close()

    def __enter__(self) -> AuditClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, call: Call, wait: float) -> None:
        claimed: list[tuple[str, str, Optional[int]]] = []
        try:
            self._begin_once(call, wait, claimed)
        except BaseException:
            for approval in claimed:
                self._begun.pop(approval, None)
            raise

    def _claim(self, approval: tuple[str, str, Optional[int]]) -> bool:
        """Of two that have one approval at the same moment the first begins; the node may not know yet that it did."""
        with self._claiming:
            if approval in self._begun:
                return False
            self._begun[approval] = None
            if len(self._begun) > _MOST_BEGUN:
                del self._begun[next(iter(self._begun))]
            return True

    def _begin_once(self, call: Call, wait: float, claimed: list[tuple[str, str, Optional[int]]]) -> None:
        item, until = b"", time.monotonic() + self._patience
        if self._spool is not None and not self._spool.wait_for_earlier(self._patience):
            raise Unavailable("what was recorded before a restart is not with the node yet, and might say that the call began")
        while True:
            decision, decided = self.decide(call, wait=wait), time.monotonic()
            if not decision.approves:
                raise Refused(call, decision)
            if not item and decision.state != "approved":
                raise NotRun(f"{call.tool_name} was not run: it began before, and an approval is for one run")
            if not item and decision.valid_until is not None and _is_over(decision.valid_until):
                raise NotRun(f"{call.tool_name} was not run: what approved it held until {decision.valid_until}")
            approval = (call.session_id, call.tool_call_id, decision.sequence)
            if not claimed:
                if not self._claim(approval):
                    raise NotRun(f"{call.tool_name} was not run: it began before, and an approval is for one run")
                claimed.append(approval)
            # Of one approval there is one beginning: another process that has the same begins in vain.
            item = item or _record_of(call, {"kind": "started"}, f"started:{decision.sequence}")
            try:
                receipt = self._keep(item, min(self._patience, _BEGIN_WITHIN))
            except Unavailable:
                if time.monotonic() > until:
                    raise
                continue
            if doubts := _NOT_BEGUN.intersection(receipt.get("anomalies") or ()):
                self._give_up(call, f"the node says {', '.join(sorted(doubts))}")
            if time.monotonic() - decided <= _BEGIN_WITHIN:
                return
            if time.monotonic() > until:
                self._give_up(call, "the node was too slow")

    def _give_up(self, call: Call, why: str) -> None:
        self._cancel(call, f"it did not begin: {why}")
        raise NotRun(f"{call.tool_name} was not run: {why}")

    def _finish(self, call: Call, began: float, success: bool, output: str, failure: Optional[Exception]) -> None:
        milliseconds = round((time.monotonic() - began) * 1000)
        result = {"success": success, "output": output, "data": None, "duration_ms": milliseconds}
        item = _record_of(call, {"kind": "completed", "result": result})
        try:
            self._keep(item, self._patience)
        except AuditError as cause:
            raise ResultNotRecorded(item, cause) from (failure or cause)

    def _cancel(self, call: Call, reason: str) -> None:
        """Where something else is to be told to the host: as far as the node is there."""
        with contextlib.suppress(AuditError):
            self._keep(_record_of(call, {"kind": "cancelled", "reason": reason}), min(self._patience, 2))

    def _keep(self, item: bytes, patience: float) -> Mapping[str, Json]:
        """Returns once it is kept: the node's receipt, or nothing where the spool has it."""
        if self._spool is not None:
            self._spool.append(item)
            return {}

        def attempt(seconds: float) -> Mapping[str, Json]:
            receipts, trouble = self._node.post([item], seconds)
            if trouble is not None:
                raise trouble
            return receipts[0]

        receipt = _patiently(attempt, patience)
        if receipt["status"] not in _KEPT:
            raise NotRecorded(receipt["status"], receipt.get("reason") or receipt.get("error") or "no reason was given")
        return receipt

    def _ask(
        self, method: str, path: str, about: Mapping[str, str], body: Optional[bytes], until: float, patience: float,
    ) -> Mapping[str, Json]:
        def attempt(seconds: float) -> Mapping[str, Json]:
            wait = math.ceil(max(0.0, min(until - time.monotonic(), _WAIT_SECONDS)))
            query = urllib.parse.urlencode({**about, "wait": wait}, quote_via=urllib.parse.quote)
            with self._node.request(method, f"{path}?{query}", body, "application/json", wait + seconds) as lines:
                answer = _object_of(b"".join(lines))
                if not isinstance(answer.get("state"), str):
                    raise ValueError("what was answered says no state of the call")
                return answer

        return _patiently(attempt, patience)


class _Node:
    """One node over HTTP."""

    def __init__(self, server: str, token: str, ssl_context: Optional[ssl.SSLContext]) -> None:
        address = urllib.parse.urlsplit(server)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"an address such as http://127.0.0.1:5080 is expected for the node, not {server!r}")
        self._server, self._token = server.rstrip("/") + "/", token
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect(), urllib.request.HTTPSHandler(context=ssl_context)]
        if _is_loopback(address.hostname):
            # The environment's proxy is for other machines: a node on this one is called directly.
            handlers.append(urllib.request.ProxyHandler({}))
        self._open = urllib.request.build_opener(*handlers).open

    @contextlib.contextmanager
    def request(
        self, method: str, path: str, body: Optional[bytes], media: str, timeout: float,
    ) -> Generator[Iterator[bytes], None, None]:
        """Gives the answer by lines, within the time, however slowly it comes.

        Raises `Unavailable` for what may go well the next time, also while the answer is read, and else `NodeError`."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": media, "Accept": media}
        request = urllib.request.Request(self._server + path, body, headers, method=method)
        try:
            until = time.monotonic() + timeout
            with self._open(request, timeout=timeout) as answer:
                yield _lines_of(answer, until)
        except urllib.error.HTTPError as refusal:
            raise _refusal_of(refusal) from None
        except (OSError, http.client.HTTPException, ValueError) as lost:
            reason = getattr(lost, "reason", lost)
            raise Unavailable(f"the node at {self._server} does not answer: {reason or type(lost).__name__}") from lost

    def post(self, items: Sequence[bytes], timeout: float) -> tuple[list[dict[str, Json]], Union[Unavailable, NodeError, None]]:
        """Sends items in order; returns the receipts of the first of them, and why the others have none."""
        receipts: list[dict[str, Json]] = []
        try:
            with self.request("POST", "v1/records", b"".join(items), "application/x-ndjson", timeout) as lines:
                for line in lines:
                    receipt = _object_of(line)
                    if receipt.get("status") in ("stopped", "unavailable"):
                        return receipts, Unavailable(receipt.get("error") or "the node stopped", receipt.get("retry_after"))
                    # Whoever answers may be no node at all: what nobody knows as a receipt is none.
                    if receipt.get("status") not in _RECEIPTS or len(receipts) == len(items):
                        raise ValueError("what was answered is no receipt")
                    receipts.append(receipt)
        except (Unavailable, NodeError) as trouble:
            return receipts, trouble
        missing = len(receipts) < len(items)
        return receipts, Unavailable("the answer ended before its last receipt") if missing else None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token is for the node that it was given for."""

    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any) -> None:
        return None


class _Spool:
    """A file of lines, each one item; how far they are sent stands in a file beside it.

    A line is kept when it is on the disk. That it was sent is remembered later than it is true, never earlier: what is sent
    twice is written once, for it has its id.
    """

    def __init__(self, path: str, limit: int, node: _Node) -> None:
        self._path, self._limit, self._node = path, limit, node
        self._lock = _lock_file(path + ".lock")
        self._file = _open_private(path, os.O_RDWR | os.O_CREAT)
        self._mark = _open_private(path + ".sent", os.O_RDWR | os.O_CREAT)
        _sync_directory(path)
        self._size = self._mend()
        self._sent = self._marked() or self._unmark()
        self._lines = sum(block.count(b"\n") for block in self._blocks(self._sent))
        self._earlier = self._lines
        self._closed, self._process = False, os.getpid()
        self._trouble: Optional[str] = None
        self._changed = threading.Condition()
        self._sender = threading.Thread(target=self._send_on, name="audit-spool", daemon=True)
        self._sender.start()

    def append(self, line: bytes) -> None:
        with self._changed:
            if self._closed or self._process != os.getpid():
                raise SpoolError("the client is closed" if self._closed else "the client was made before this process was forked")
            if self._size - self._sent + len(line) > self._limit:
                raise SpoolFull(
                    f"the spool {self._path} holds {self._size - self._sent} bytes that are not sent, and this record is "
                    f"{len(line)} more; {self._limit} are its limit" + (f" ({self._trouble})" if self._trouble else ""))
            try:
                _write(self._file, line, self._size)
                os.fsync(self._file)
            except OSError as failure:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, self._size)
                raise SpoolError(f"the spool {self._path} could not be written: {failure}") from failure
            self._size += len(line)
            self._lines += 1
            self._changed.notify_all()

    def wait_for_earlier(self, seconds: float) -> bool:
        """Whether the node has what lay in the file when it was opened."""
        with self._changed:
            return self._changed.wait_for(lambda: self._earlier <= 0, seconds)

    def flush(self, seconds: float) -> tuple[int, Optional[str]]:
        with self._changed:
            self._changed.wait_for(lambda: self._lines == 0 or self._closed, seconds)
            return self._lines, self._trouble if self._lines else None

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._sender.join(5)

    def _send_on(self) -> None:
        pause = 0.0
        try:
            while items := self._next(pause):
                trouble: Optional[Exception]
                try:
                    receipts, trouble = self._node.post(items, _REQUEST_SECONDS)
                    self._settle(items[:len(receipts)], receipts)
                except Exception as failure:  # such as a disk that is full: what could not be noted is sent once more
                    receipts, trouble = [], failure
                pause = self._pause_after(trouble, 0.0 if receipts else pause)
        finally:
            with self._changed:
                self._closed = True
                self._changed.notify_all()
                # Only now may another process have it, and nobody writes into what has these numbers next.
                for file in (self._file, self._mark, self._lock):
                    os.close(file)

    def _next(self, pause: float) -> list[bytes]:
        """Waits, and returns the next lines that were not sent; none when the client is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, pause)
            self._changed.wait_for(lambda: self._closed or self._sent < self._size)
            if self._closed:
                return []
            unsent = self._size - self._sent
        block, length = b"", 0
        while b"\n" not in block:
            if length >= unsent:
                raise SpoolError(f"somebody else has changed the spool {self._path}")
            length = 2 * length or _BATCH_BYTES
            block = os.pread(self._file, min(length, unsent), self._sent)
        return block[:block.rfind(b"\n") + 1].splitlines(keepends=True)

    def _settle(self, items: Sequence[bytes], receipts: Sequence[Mapping[str, Json]]) -> None:
        """These have their receipts: they leave the spool."""
        for item, receipt in zip(items, receipts):
            if receipt["status"] in _FINAL:
                self._set_aside(item, receipt)
        with self._changed:
            self._sent += sum(map(len, items))
            self._lines -= len(items)
            self._earlier -= len(items)
            if self._sent == self._size:
                self._forget()
            else:
                _write(self._mark, b"%020d\n" % self._sent, 0)
                if self._sent > max(self._limit, _BATCH_BYTES):
                    self._shorten()
            self._changed.notify_all()

    def _set_aside(self, item: bytes, receipt: Mapping[str, Json]) -> None:
        _log.error("The node refuses a record, which is kept in %s.refused: %s", self._path, receipt)
        with open(self._path + ".refused", "ab", opener=_open_private) as aside:
            aside.write(b'{"receipt":' + _json(receipt) + b',"item":' + item.rstrip() + b"}\n")
            aside.flush()
            os.fsync(aside.fileno())

    def _forget(self) -> None:
        """All is sent: begins the file anew. First that nothing of it is sent, then that nothing is in it."""
        self._unmark()
        os.ftruncate(self._file, 0)
        self._size = self._sent = 0

    def _shorten(self) -> None:
        """Much was sent, and never all of it at once: begins another file with the rest."""
        rest = os.pread(self._file, self._size - self._sent, self._sent)
        shorter = _open_private(self._path + ".new", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        try:
            _write(shorter, rest, 0)
            os.fsync(shorter)
            self._unmark()
            os.replace(self._path + ".new", self._path)
        except OSError:
            os.close(shorter)
            raise
        os.close(self._file)
        self._file, self._size, self._sent = shorter, len(rest), 0
        _sync_directory(self._path)

    def _unmark(self) -> int:
        _write(self._mark, b"%020d\n" % 0, 0)
        os.fsync(self._mark)
        return 0

    def _marked(self) -> int:
        """How far it is sent. What cannot be so is nothing: then all is sent once more."""
        text = os.pread(self._mark, 20, 0)
        sent = int(text) if text.isdigit() else 0
        return sent if 0 < sent <= self._size and os.pread(self._file, 1, sent - 1) == b"\n" else 0

    def _mend(self) -> int:
        """Cuts off a line that was not finished: whoever wrote it was never told that it is kept."""
        whole = end = 0
        for block in self._blocks(0):
            whole = end + block.rfind(b"\n") + 1 if b"\n" in block else whole
            end += len(block)
        if whole < end:
            _log.warning("The last line of the spool %s was not finished, and is dropped.", self._path)
            os.ftruncate(self._file, whole)
        os.fsync(self._file)
        return whole

    def _blocks(self, start: int) -> Iterator[bytes]:
        while block := os.pread(self._file, _BATCH_BYTES, start):
            yield block
            start += len(block)

    def _pause_after(self, trouble: Optional[Exception], last: float) -> float:
        says = None if trouble is None else str(trouble)
        if says is not None and says != self._trouble:
            _log.warning("Nothing of the spool %s can be sent now, it is tried again: %s", self._path, says)
        self._trouble = says
        if trouble is None:
            return 0.0
        if isinstance(trouble, NodeError):
            return _PAUSE_OF_REFUSED
        wanted = trouble.retry_after if isinstance(trouble, Unavailable) else None
        return min(wanted or min(max(_SHORTEST_PAUSE, 2 * last), _LONGEST_PAUSE), _PAUSE_OF_REFUSED)


def _patiently(attempt: Callable[[float], T], patience: float) -> T:
    """Calls `attempt(seconds)` until it does not raise `Unavailable`, or did so first as long ago as the patience is."""
    until, pause = 0.0, _SHORTEST_PAUSE
    while True:
        try:
            return attempt(max(_SHORTEST_PAUSE, min(patience, _REQUEST_SECONDS)))
        except Unavailable as trouble:
            until = until or time.monotonic() + patience
            wanted = trouble.retry_after or pause
            if time.monotonic() + wanted >= until:
                raise
            time.sleep(wanted)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _refusal_of(answer: urllib.error.HTTPError) -> Union[Unavailable, NodeError]:
    with answer:
        try:
            detail = str(_object_of(b"".join(_lines_of(answer.fp, time.monotonic() + _LONGEST_PAUSE)))["detail"])
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            detail = answer.reason
        after = answer.headers.get("Retry-After", "")
    if answer.code in _TRY_AGAIN:
        return Unavailable(detail, float(after) if after.isdigit() else None)
    return NodeError(answer.code, detail)


def _lines_of(answer: http.client.HTTPResponse, until: float) -> Iterator[bytes]:
    """The lines of an answer. One that comes drop by drop, or never ends, is none: each read has a time, and all have one."""
    rest, read = b"", 0
    while piece := answer.read1(1 << 16):
        read += len(piece)
        if time.monotonic() > until:
            raise TimeoutError("the answer did not end in time")
        if read > _ANSWER_BYTES:
            raise ValueError("the answer does not end")
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if answer.length:
        raise http.client.IncompleteRead(rest, answer.length)
    if rest:
        yield rest


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _object_of(text: bytes) -> dict[str, Json]:
    value: Json = json.loads(text)
    if isinstance(value, dict):
        return cast("dict[str, Json]", value)
    raise ValueError("what was answered is no JSON object")


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _members(call: Call, *names: str) -> dict[str, Json]:
    return {name: value for name in names if (value := getattr(call, name)) is not None}


def _question_of(call: Call) -> bytes:
    return _json(dict(_members(call, *(one.name for one in fields(call))), recorded_at=_now()))


def _decision_of(answer: Mapping[str, Json]) -> Decision:
    known: dict[str, Json] = {one.name: answer[one.name] for one in fields(Decision) if one.name in answer}
    return Decision(**known)


def _record_of(call: Call, outcome: Mapping[str, Json], message_id: Optional[str] = None) -> bytes:
    record = _members(
        call, "tool_call_id", "tool_name", "display_name", "tier", "requested_input", "effective_input", "turn", "provenance")
    record.update(outcome=outcome, recorded_at=_now())
    return _item_of(_members(call, "session_id", "task_id", "agent", "parent"), message_id, record=record)


def _item_of(about: Mapping[str, Json], message_id: Optional[str], **content: Json) -> bytes:
    return _json({**about, "message_id": message_id or uuid.uuid4().hex, **content}) + b"\n"


def _text_of(result: Json) -> str:
    """What a tool gave back, as text; a result that JSON cannot say is told all the same."""
    if not isinstance(result, str):
        try:
            result = "" if result is None else json.dumps(result, ensure_ascii=False, default=str)
        except (TypeError, ValueError, RecursionError):
            result = repr(result)
    return result.encode(errors="replace").decode()


def _is_over(time_by_rfc: str) -> bool:
    """Of a time as the node writes it, in UTC: up to the second."""
    return time_by_rfc[:19] < time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())


_clock = threading.Lock()
_last_time = 0


def _now() -> str:
    """The time by RFC 3339, later with each call: two records of one call are in the order in which they were made."""
    global _last_time
    with _clock:
        _last_time = max(time.time_ns(), _last_time + 1)
        seconds, nanoseconds = divmod(_last_time, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds:09d}Z"


def _write(file: int, data: bytes, at: int) -> None:
    while data:
        written = os.pwrite(file, data, at)
        data, at = data[written:], at + written


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _lock_file(path: str) -> int:
    """Held as long as the file is open, which ends with the process however it ends."""
    if fcntl is None:
        raise SpoolError("a spool needs the locks of a POSIX system")
    file = _open_private(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as held:
        os.close(file)
        raise SpoolLocked(f"{path} is held: one process at a time has a spool") from held
    return file


def _sync_directory(path: str) -> None:
    """So that the names of files made in it last."""
    directory = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
