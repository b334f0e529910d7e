"""Why a host could not be reached, and what to type: from what Ansible and ssh said of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

BROKE = "the connection to it broke in the middle"
AGAIN = "run this again; when it breaks again, look at its sshd (journalctl -u ssh) and its load"
# ssh says these whether or not it then works, and Ansible puts its own advice around what ssh said.
NOISE = re.compile(r"Warning: Permanently added|Pseudo-terminal|Authorized|debug\d:|Data could not be sent|\*|@|$")
SAID_BY_ANSIBLE = re.compile(
    r"^(Task failed: )?(Data could not be sent to remote host \S+ Make sure this host can be reached over \w+:"
    r"|Failed to connect to the host via \w+:)\s*",
    re.IGNORECASE,
)
# What ssh(1) prints, the first match counts; what to do about it. {0} is the name or address in it.
ADVICE = (
    (r"IDENTIFICATION HAS CHANGED|Host key for (\S+) has changed", "if it was reinstalled: ssh-keygen -R NAME"),
    (
        r"Host key verification failed|No \S+ host key is known",
        "log in with ssh once, compare the key it shows and accept it (ssh-keygen -R NAME forgets an old one)",
    ),
    (
        r"Permission denied|Too many authentication failures",
        "check ansible_user and the key or password (-- --ask-pass)",
    ),
    (r"Could not resolve hostname", "correct its name, or give its address as ansible_host in the inventory"),
    (r"Connection refused", "start sshd there, or correct ansible_host and ansible_port in the inventory"),
    (
        r"(?:connect to|Connection to) .*timed out|No route to host|Network is unreachable|during banner exchange"
        r"|did not answer within",
        "see whether it is up, and whether a firewall or a wrong ansible_host is in between",
    ),
    (r"closed by|Connection reset|[Bb]roken pipe|not responding|disconnect", AGAIN),
)
# What differs from host to host in what ssh says.
ADDRESS = re.compile(
    r"ssh: connect to host \S+ port \d+: |\S+@\S+: |(?<=Connection) to \S+ port \d+|(?<=hostname) \S+:"
)


def reason(message: str) -> str:
    """Why a host is unreachable, and what to do about it, as a clause without an end."""
    lines = [SAID_BY_ANSIBLE.sub("", line).strip() for line in message.strip().splitlines()]
    told = [line for line in lines if not NOISE.match(line)]
    for pattern, todo in ADVICE:
        found = [line for line in lines if re.search(pattern, line)]
        if found:
            return f"{_words(found)}; {todo}"
    if not told:
        return f"{BROKE}; {AGAIN}" if message.strip() else "no reason was given"
    return _words(told)


def without_address(clause: str) -> str:
    """A reason as it is for all hosts that have it."""
    return ADDRESS.sub("", clause)


def _words(lines: Sequence[str]) -> str:
    last = lines[-1]
    return last[max(0, last.rfind("ssh: ")) :].strip().strip("@ ").rstrip(".!")
