"""Compiles HLSL with DXC, as wgpu does: dxc.py LIBRARY TARGET FILE...

TARGET is a shader model, with options behind it: "cs_6_0 -Od".

Prints a line of JSON for each file: null, or what the compiler says. The library is asked through
its COM interfaces, whose methods have fixed places (dxcapi.h), so that nothing needs to be built.
"""

import ctypes
import json
import sys
import uuid

POINTER = ctypes.c_void_p
COMPILER = "73e22d93-e6ce-47f3-b5bf-f0664f39c1b0"
COMPILER_3 = "228b4687-5a6a-4730-900c-9702b2203f54"
RESULT = "58346cda-dde7-4497-9461-6f87af5e0659"
UTF8 = 65001
# IUnknown's three methods come first, and, outside of Windows, two of its destructor.
FIRST = 5


class Source(ctypes.Structure):
    _fields_ = [
        ("text", ctypes.c_char_p),
        ("size", ctypes.c_size_t),
        ("encoding", ctypes.c_uint32),
    ]


def guid(text):
    return ctypes.create_string_buffer(uuid.UUID(text).bytes_le, 16)


def call(this, method, *arguments, returns=ctypes.c_int32):
    """Calls a method of a COM object by its place after those of IUnknown."""
    table = ctypes.cast(this, ctypes.POINTER(ctypes.POINTER(POINTER)))[0]
    types = [type(a) if isinstance(a, ctypes._SimpleCData) else POINTER for a in arguments]
    function = ctypes.CFUNCTYPE(returns, POINTER, *types)(table[FIRST + method])
    return function(this, *arguments)


def check(status):
    if status < 0:
        raise SystemExit(f"DXC: status {status & 0xFFFFFFFF:#x}")


def complaint(compiler, target, text):
    words = f"-E main -HV 2018 -no-warnings -Ges -T {target}".split()
    words = (ctypes.c_wchar_p * len(words))(*words)
    source = Source(text, len(text), UTF8)
    count = ctypes.c_uint32(len(words))
    result, status, errors = POINTER(), ctypes.c_int32(), POINTER()
    made = [ctypes.byref(source), words, count, None, guid(RESULT), ctypes.byref(result)]
    check(call(compiler, 0, *made))
    check(call(result, 0, ctypes.byref(status)))
    if status.value >= 0:
        return None
    check(call(result, 2, ctypes.byref(errors)))
    size = call(errors, 1, returns=ctypes.c_size_t)
    text = ctypes.string_at(call(errors, 0, returns=POINTER), size)
    return text.decode(errors="replace").rstrip("\0")


def main():
    library, target, *files = sys.argv[1:]
    compiler = POINTER()
    create = ctypes.CDLL(library).DxcCreateInstance
    check(create(guid(COMPILER), guid(COMPILER_3), ctypes.byref(compiler)))
    for name in files:
        with open(name, "rb") as file:
            print(json.dumps(complaint(compiler, target, file.read())), flush=True)


main()
