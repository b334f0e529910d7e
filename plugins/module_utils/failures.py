# SPDX-License-Identifier: MIT
"""How our modules end: a result, or one sentence with a hint and a kind that programs can rely on."""

import errno
from typing import Any, Callable, Dict, List, Optional


class ModuleError(Exception):
    """What the operator is told: a sentence, what to do about it, and a stable word for programs; `diff` is what they
    have to compare for that."""

    def __init__(self, kind: str, msg: str, hint: str, paths: Optional[List[str]] = None, diff: str = "") -> None:
        """Keep the parts apart, so that fail_json can hand each on by name."""
        super(ModuleError, self).__init__(msg)
        self.kind = kind
        self.msg = msg
        self.hint = hint
        self.paths = paths or []
        self.diff = diff


def explain(error: OSError) -> ModuleError:
    """Return the sentence for an operating system error; every caller has cleaned up by then."""
    # A failed rename names the temporary file first; the operator knows the second one.
    path = str(error.filename2 or error.filename or "a file")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModuleError(
            "no_space",
            "There is no space left to write {0}; nothing was changed.".format(path),
            "Free some space on that filesystem and run again.",
            [path],
        )
    if error.errno == errno.EROFS:
        return ModuleError(
            "read_only",
            "{0} is on a read-only filesystem; nothing was changed.".format(path),
            "Mount it read-write, or find out in the kernel log why it became read-only.",
            [path],
        )
    return ModuleError(
        "io_error",
        "{0} could not be changed ({1}); nothing was changed.".format(path, error.strerror or error),
        "Look at the permissions, attributes (lsattr) and the kernel log for that path.",
        [path],
    )


def run(module: Any, work: Callable[[Any], Dict[str, Any]], shown: List[str]) -> None:
    """Run `work` and end the module; of the arguments only those in `shown` come back in the result.

    Ansible adds all arguments to each result by itself, and those hold whole files.
    """
    invocation = {"module_args": {name: module.params[name] for name in shown}}
    try:
        result = work(module)
    except OSError as error:
        failure = explain(error)
    except ModuleError as error:
        failure = error
    else:
        module.exit_json(invocation=invocation, **result)
        return
    more = {"diff": {"prepared": failure.diff}} if failure.diff else {}
    module.fail_json(
        msg=failure.msg, hint=failure.hint, kind=failure.kind, paths=failure.paths, invocation=invocation, **more
    )
