"""Takes from this process what a decoder of strangers' files does not need. There is no way back.

Limits of memory, time and file size hold everywhere. On Linux, a seccomp filter (seccomp(2), BPF) also takes away the
network, other programs, other processes and every way to change a file; reading stays, for fonts and libraries.
"""

from __future__ import annotations

import ctypes
import platform
import resource
import struct
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
# include/uapi/linux/audit.h and seccomp.h
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # SECCOMP_RET_ERRNO with EPERM
_LOAD, _JUMP_EQUAL, _JUMP_ABOVE, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_X32_CALLS = 0x40000000
_WRITING = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND

# Numbers of system calls: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
_REFUSED_CALLS = {
    "x86_64": {
        "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "sendmsg": 46, "bind": 49, "listen": 50,
        "socketpair": 53, "accept4": 288, "sendmmsg": 307, "fork": 57, "vfork": 58, "execve": 59, "execveat": 322,
        "kill": 62, "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "truncate": 76, "rename": 82,
        "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86, "unlink": 87, "symlink": 88, "chmod": 90, "fchmod": 91,
        "chown": 92, "mknod": 133, "mount": 165, "add_key": 248, "request_key": 249, "keyctl": 250, "mkdirat": 258,
        "mknodat": 259, "fchownat": 260, "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266,
        "fchmodat": 268, "unshare": 272, "setns": 308, "renameat2": 316, "bpf": 321, "userfaultfd": 323,
        "io_uring_setup": 425, "openat2": 437,
    },
    "aarch64": {
        "mknodat": 33, "mkdirat": 34, "unlinkat": 35, "symlinkat": 36, "linkat": 37, "renameat": 38, "mount": 40,
        "truncate": 45, "fchmod": 52, "fchmodat": 53, "fchownat": 54, "unshare": 97, "ptrace": 117, "kill": 129,
        "socket": 198, "socketpair": 199, "bind": 200, "listen": 201, "accept": 202, "connect": 203, "sendto": 206,
        "sendmsg": 211, "add_key": 217, "request_key": 218, "keyctl": 219, "execve": 221, "accept4": 242,
        "setns": 268, "sendmmsg": 269, "process_vm_readv": 270, "process_vm_writev": 271, "renameat2": 276,
        "bpf": 280, "execveat": 281, "userfaultfd": 282, "io_uring_setup": 425, "openat2": 437,
    },
}  # fmt: skip
_OPEN_CALLS = {
    "x86_64": ((2, 1), (257, 2)),
    "aarch64": ((56, 2),),
}  # number, and which argument has the flags


def limit_resources(*, memory_bytes: int, cpu_s: int, file_bytes: int) -> None:
    """Caps the address space, the processor time and the size of any written file of this process."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    if sys.platform == "linux":  # elsewhere the system's own libraries exceed any sensible limit
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def close_system() -> bool:
    """Takes away the network, programs and writing. False where the system offers no such filter (not Linux)."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _AUDIT_ARCH:
        return False
    program = _filter(machine)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: a count of instructions, padding, and a pointer to them.
    descriptor = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, descriptor, 0, 0) == 0)


def _filter(machine: str) -> bytes:
    """The BPF program: struct seccomp_data has the call's number at 0, the architecture at 4, arguments from 16 on."""
    code = [
        _step(_LOAD, 4),
        _step(_JUMP_EQUAL, _AUDIT_ARCH[machine], if_true=1),
        _step(_RETURN, _REFUSE),
        _step(_LOAD, 0),
        _step(_JUMP_ABOVE, _X32_CALLS, if_false=1),
        _step(_RETURN, _REFUSE),
    ]
    for number in _REFUSED_CALLS[machine].values():
        code += [_step(_JUMP_EQUAL, number, if_false=1), _step(_RETURN, _REFUSE)]
    for number, argument in _OPEN_CALLS[machine]:
        code += [
            _step(_JUMP_EQUAL, number, if_false=4),
            _step(_LOAD, 16 + 8 * argument),
            _step(_JUMP_BITS, _WRITING, if_false=1),
            _step(_RETURN, _REFUSE),
            _step(_RETURN, _ALLOW),
        ]
    code.append(_step(_RETURN, _ALLOW))
    return b"".join(code)


def _step(operation: int, value: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", operation, if_true, if_false, value)
