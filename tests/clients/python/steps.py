"""One line per step. A section is a chain: after its first failure the rest of it is skipped, the other sections still run."""

import time
import traceback
from contextlib import contextmanager


class SectionEnded(Exception):
    pass


class Suite:
    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failed = 0

    def section(self, title, body, *args):
        @contextmanager
        def step(what):
            line = f"{self.name} | {title} | {what}"
            begun = time.monotonic()
            try:
                yield
            except Exception as error:
                self._fail(line, error)
                raise SectionEnded() from None
            self.passed += 1
            print(f"ok     {line} ({(time.monotonic() - begun) * 1000:.0f} ms)", flush=True)

        try:
            body(step, *args)
        except SectionEnded:
            pass
        except Exception as error:
            self._fail(f"{self.name} | {title} | between steps", error)

    def finish(self):
        print(f"{self.name}: {self.passed} steps passed, {self.failed} failed", flush=True)
        return 0 if self.failed == 0 else 1

    def _fail(self, line, error):
        self.failed += 1
        print(f"FAILED {line}", flush=True)
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "tests/clients/python" in f.filename]
        for frame in frames[-2:]:
            print(f"         {frame.filename}:{frame.lineno}: {frame.line}")
        facts = {k: v for k in ("code", "status_code", "request_id", "data") if (v := getattr(error, k, None))}
        print(f"         {type(error).__name__}: {error} {facts or ''}", flush=True)
