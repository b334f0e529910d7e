"""Why a host could not be reached: what ssh and Ansible really print, and what it is turned into."""

from __future__ import annotations

import pytest

from kdump_enabler.fleet import reaching

# ansible-core 2.19.14 with OpenSSH 9.2, over containers that were made so.
LOST = (
    'Task failed: Data could not be sent to remote host "198.18.104.2". Make sure this host can be reached over ssh: '
)
WARNED = "Warning: Permanently added '198.18.104.2' (ED25519) to the list of known hosts."
CHANGED = """@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Host key for 198.18.104.2 has changed and you have requested strict checking.
Host key verification failed."""
REFUSED = "ssh: connect to host 198.18.106.2 port 9: Connection refused"
SAID = [
    (LOST + WARNED, reaching.BROKE, "run this again"),
    (LOST, reaching.BROKE, "run this again"),
    (LOST + "Connection to 198.18.104.2 closed by remote host.", "closed by remote host", "run this again"),
    (
        "Failed to connect to the host via ssh: Timeout, server 198.18.104.2 not responding.",
        "Timeout",
        "run this again",
    ),
    (f"{LOST}{WARNED}\n{REFUSED}", REFUSED, "start sshd"),
    (LOST + CHANGED, "has changed", "ssh-keygen -R"),
    (LOST + "No ED25519 host key is known for x.\r\nHost key verification failed.", "verification failed", "log in"),
    (LOST + "root@198.18.106.2: Permission denied (publickey,password).", "Permission denied", "ansible_user"),
    (
        LOST + "ssh: Could not resolve hostname a.invalid: Name or service not known",
        "Could not resolve",
        "ansible_host",
    ),
    ("Connection to 198.18.255.1 port 22 timed out", "timed out", "whether it is up"),
    ("", "no reason was given", ""),
    ("Failed to create temporary directory.", "Failed to create temporary directory", ""),
]


@pytest.mark.parametrize(("message", "reason", "todo"), SAID)
def test_what_is_wrong_and_what_to_do(message: str, reason: str, todo: str) -> None:
    found = reaching.reason(message)
    assert reason in found.partition("; ")[0]
    assert todo in found.partition("; ")[2]
    assert "Permanently added" not in found
    assert "Make sure" not in found
    assert not found.endswith(".")


@pytest.mark.parametrize(
    "said",
    [
        "ssh: connect to host {} port 22: Connection refused",
        "root@{}: Permission denied (publickey)",
        "Connection to {} port 22 timed out",
        "ssh: Could not resolve hostname {}: Name or service not known",
    ],
)
def test_hosts_with_the_same_reason_are_counted_together(said: str) -> None:
    ours, theirs = (reaching.without_address(reaching.reason(said.format(name))) for name in ("198.18.1.2", "web.lan"))
    assert ours == theirs
    assert "web.lan" not in ours
