"""Unit tests cannot reach a network."""

from __future__ import annotations

import socket

import pytest
from pytest_socket import SocketBlockedError


def test_socket_when_of_the_internet_then_is_refused():
    # The block warns first, and warnings are errors here.
    with pytest.raises((SocketBlockedError, UserWarning), match="tried to use socket"):
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def test_socket_when_within_the_machine_then_works():
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"x")
        assert other.recv(1) == b"x"
