"""What a codec child gives up for good before it sees its first picture: everything but computing. Called by it alone.

A picture that takes the decoder over can then open no file and no socket, start no program and no process, and touch
no other one; what is left to it is the socket to its parent. OpenSSH confines its own children in the same two ways.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import resource
import struct

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38  # linux/prctl.h
_SECCOMP_MODE_FILTER = 2
_LOAD, _IF_EQUAL, _IF_SET, _RETURN = 0x20, 0x15, 0x45, 0x06  # linux/bpf_common.h
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _FOURTH_ARGUMENT = 0, 4, 16, 40  # offsets in struct seccomp_data
_CLONE_THREAD = 0x10000  # linux/sched.h
_SHARED_OR_GROWING_DOWN = 0x01 | 0x100  # asm-generic/mman.h: memory that RLIMIT_DATA does not count
_ALLOW, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
# A descriptor's number must be below its limit: with 0, none can be had any more, and those that are open stay so.
_NONE_OF = (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)

# Architecture by linux/audit.h, clone, clone3 and mmap, and what else a codec calls, by asm/unistd.h: memory, its
# socket, threads (libheif takes one for a tile), the clock, its end.
_CALLS = {
    "x86_64": (0xC000003E, 56, 435, 9, {
        "read": 0, "write": 1, "close": 3, "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13,
        "rt_sigprocmask": 14, "rt_sigreturn": 15, "sched_yield": 24, "mremap": 25, "madvise": 28, "getpid": 39,
        "sendto": 44, "recvfrom": 45, "exit": 60, "getcwd": 79, "gettimeofday": 96, "gettid": 186, "futex": 202,
        "sched_getaffinity": 204, "restart_syscall": 219, "clock_gettime": 228, "exit_group": 231,
        "set_robust_list": 273, "getrandom": 318, "rseq": 334,
    }),
    "aarch64": (0xC00000B7, 220, 435, 222, {
        "getcwd": 17, "close": 57, "read": 63, "write": 64, "exit": 93, "exit_group": 94, "futex": 98,
        "set_robust_list": 99, "clock_gettime": 113, "sched_getaffinity": 123, "sched_yield": 124,
        "restart_syscall": 128, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "gettimeofday": 169,
        "getpid": 172, "gettid": 178, "sendto": 206, "recvfrom": 207, "brk": 214, "munmap": 215, "mremap": 216,
        "mprotect": 226, "madvise": 233, "getrandom": 278, "rseq": 293,
    }),
}  # fmt: skip


def enter() -> bool:
    """Give everything up; return whether the kernel filters system calls too. The limits hold on every machine."""
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong)
    prctl(_PR_SET_NO_NEW_PRIVS, 1, None, 0, 0)
    for limit in _NONE_OF:
        resource.setrlimit(limit, (0, 0))
    program = call_filter(platform.machine())
    if program is None:
        return False
    instructions = ctypes.create_string_buffer(program, len(program))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions)))
    return bool(prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, head, 0, 0) == 0)


def call_filter(machine: str) -> bytes | None:
    """Return the filter for a machine of uname(2), None for one whose numbers are not listed.

    A list of what may be called: whatever is not on it, under whatever numbering, fails with EPERM. Memory may be had
    that its limit counts, and no other; threads may be started and processes not. clone3, whose flags no filter can
    see, is said not to exist: glibc takes clone then.
    """
    if machine not in _CALLS:
        return None
    architecture, clone, clone3, mmap, calls = _CALLS[machine]
    steps = [  # operation, how many steps to pass over if so and if not, value
        (_LOAD, 0, 0, _ARCHITECTURE), (_IF_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _NUMBER),
        (_IF_EQUAL, 0, 1, clone3), (_RETURN, 0, 0, _UNKNOWN),
        (_IF_EQUAL, 0, 4, clone), (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_IF_SET, 0, 1, _CLONE_THREAD), (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE),
        (_IF_EQUAL, 0, 4, mmap), (_LOAD, 0, 0, _FOURTH_ARGUMENT),
        (_IF_SET, 1, 0, _SHARED_OR_GROWING_DOWN), (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE),
    ]  # fmt: skip
    for call in calls.values():
        steps += [(_IF_EQUAL, 0, 1, call), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in [*steps, (_RETURN, 0, 0, _REFUSE)])
