"""QuickJS-ng as it comes inside dukpy's extension module: its public C functions, and nothing of dukpy's Python.

dukpy's own door evaluates text only, cannot name the file, collects garbage twice for each text and lets scripts read
files. So a context is made by it, with the one function through which scripts call Python, and the rest is QuickJS's
own C interface, which the extension exports. `tests/sandbox/test_engine_binding.py` holds it to what is used here.

Works without `site` and after the process was locked down: nothing is imported or opened once `Engine()` was made.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_size_t, c_uint64, c_void_p
from importlib.machinery import ExtensionFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from typing import Any, Final

_GLOBAL: Final = 0
_COMPILE_ONLY: Final = 1 << 5
_WITH_BYTECODE: Final = 1
_WITHOUT_SOURCE: Final = 1 << 4
_CONFIGURABLE_WRITABLE: Final = 3
_BOOLEAN: Final = 1
_UNDEFINED: Final = 3
_EXCEPTION: Final = 6

Door = Callable[[bytes], bytes]
"""What scripts call: UTF-8 text, to JSON in UTF-8."""


class Value(ctypes.Structure):
    """A `JSValue`, on machines with 64 bits."""

    _fields_ = (("payload", c_uint64), ("tag", c_int64))


class _Rejection(ctypes.Structure):
    """The beginning of dukpy's note of a promise that was rejected and that nobody handles."""

    _fields_ = (("promise", Value), ("reason", Value))


class _Holder(ctypes.Structure):
    """The beginning of what dukpy's capsule holds."""

    _fields_ = (("runtime", c_void_p), ("context", c_void_p), ("rejections", POINTER(_Rejection)))


UNDEFINED: Final = Value(0, _UNDEFINED)

_FUNCTIONS: Final[tuple[tuple[str, Any, tuple[Any, ...]], ...]] = (
    ("JS_Call", Value, (c_void_p, Value, Value, c_int, POINTER(Value))),
    ("JS_DefinePropertyValueStr", c_int, (c_void_p, Value, c_char_p, Value, c_int)),
    ("JS_DupValue", Value, (c_void_p, Value)),
    ("JS_Eval", Value, (c_void_p, c_char_p, c_size_t, c_char_p, c_int)),
    ("JS_EvalFunction", Value, (c_void_p, Value)),
    ("JS_ExecutePendingJob", c_int, (c_void_p, POINTER(c_void_p))),
    ("JS_FreeCString", None, (c_void_p, c_void_p)),
    ("JS_FreeValue", None, (c_void_p, Value)),
    ("JS_GetException", Value, (c_void_p,)),
    ("JS_GetGlobalObject", Value, (c_void_p,)),
    ("JS_GetPropertyStr", Value, (c_void_p, Value, c_char_p)),
    ("JS_IsJobPending", ctypes.c_bool, (c_void_p,)),
    ("JS_NewStringLen", Value, (c_void_p, c_char_p, c_size_t)),
    ("JS_ParseJSON", Value, (c_void_p, c_char_p, c_size_t, c_char_p)),
    ("JS_ReadObject", Value, (c_void_p, c_char_p, c_size_t, c_int)),
    ("JS_SetMemoryLimit", None, (c_void_p, c_size_t)),
    ("JS_ToCStringLen2", c_void_p, (c_void_p, POINTER(c_size_t), Value, ctypes.c_bool)),
    ("JS_UpdateStackTop", None, (c_void_p,)),
    ("JS_WriteObject", c_void_p, (c_void_p, POINTER(c_size_t), Value, c_int)),
    ("js_free", None, (c_void_p, c_void_p)),
)


def locate() -> str:
    """The path of dukpy's extension module, without importing dukpy. Raises `ImportError`. For the gateway: a process
    without `site` does not find it."""
    package = find_spec("dukpy")
    for folder in (package.submodule_search_locations or ()) if package else ():
        for name in sorted(os.listdir(folder)):  # noqa: PTH208 - pathlib is slow to import, and paths are all it knows
            if name.startswith("_dukpy.") and name.endswith((".so", ".pyd")):
                return os.path.join(folder, name)  # noqa: PTH118
    raise ImportError("dukpy is not installed.")


class Thrown(Exception):
    """A script threw `value`."""

    def __init__(self, value: Value) -> None:
        super().__init__("A script threw.")
        self.value = value


class Extension:
    """The loaded extension. One for a process."""

    def __init__(self, path: str) -> None:
        loader = ExtensionFileLoader("_dukpy", path)
        spec = spec_from_loader("_dukpy", loader)
        assert spec is not None
        self.dukpy: Any = module_from_spec(spec)  # Any: a C module without types
        loader.exec_module(self.dukpy)
        # PyDLL: the engine calls back into Python while it runs, and raises what a signal handler raised.
        self.library: Any = ctypes.PyDLL(path)
        for name, result, arguments in _FUNCTIONS:
            function = getattr(self.library, name)
            function.restype = result
            function.argtypes = arguments
        self.pointer: Any = ctypes.pythonapi.PyCapsule_GetPointer
        self.pointer.restype = c_void_p
        self.pointer.argtypes = (ctypes.py_object, c_char_p)


class Context:
    """A heap of its own. Every `Value` is the context's and lives as long. Methods raise `Thrown`, and what a signal
    handler raised while a script ran."""

    def __init__(self, extension: Extension, door: Door) -> None:
        self._library = extension.library
        self._door = door
        self._ctx: Any = extension.dukpy.create_context()  # dukpy finds the context by this name
        holder = extension.pointer(self._ctx, b"DUKPY_CONTEXT_CAPSULE")
        self._holder = _Holder.from_address(holder)
        self._context: int = self._holder.context
        self._runtime: int = self._holder.runtime
        self._values: list[Value] = []
        # Publishes the global `call_python`, bound to this object.
        extension.dukpy.eval_string(self, b"0", b"{}")

    # What `call_python(text)` calls. The text is passed as the name of a function since that is handed over as it is:
    # arguments would be made JSON twice.
    def _check_exported_function_exists(self, name: bytes) -> bool:  # noqa: ARG002
        return True

    def _call_python(self, name: bytes, arguments: bytes) -> bytes:  # noqa: ARG002
        return self._door(name)

    def close(self) -> None:
        """Frees everything. Before this object is forgotten: the engine does not forgive values that are left."""
        for value in self._values:
            self._library.JS_FreeValue(self._context, value)
        self._values.clear()
        self._ctx = None

    def limit_memory(self, size: int) -> None:
        self._library.JS_SetMemoryLimit(self._runtime, size)

    def compile(self, code: str, file: str) -> bytes:
        """Bytecode, for `load` in any context of this build of the engine. Its functions have no source to be shown."""
        function = self._compiled(code, file)
        size = c_size_t()
        data = self._library.JS_WriteObject(self._context, byref(size), function, _WITH_BYTECODE | _WITHOUT_SOURCE)
        if not data:
            raise self._thrown()
        try:
            return ctypes.string_at(data, size.value)
        finally:
            self._library.js_free(self._context, data)

    def check(self, code: str, file: str) -> None:
        """Parses; runs nothing."""
        self._compiled(code, file)

    def load(self, bytecode: bytes) -> Value:
        """Runs a script: what it came to."""
        function = self._library.JS_ReadObject(self._context, bytecode, len(bytecode), _WITH_BYTECODE)
        if function.tag == _EXCEPTION:
            raise self._thrown()
        # Uses the function up.
        return self._given(self._library.JS_EvalFunction(self._context, function))

    def evaluate(self, code: str, file: str) -> Value:
        """Runs a script: what it came to."""
        text = _encoded(code)
        self._library.JS_UpdateStackTop(self._runtime)
        return self._given(self._library.JS_Eval(self._context, text, len(text), _encoded(file), _GLOBAL))

    def parse(self, json: bytes) -> Value:
        return self._given(self._library.JS_ParseJSON(self._context, json, len(json), b"<json>"))

    def get(self, owner: Value, name: bytes) -> Value:
        return self._given(self._library.JS_GetPropertyStr(self._context, owner, name))

    def publish(self, name: bytes, value: Value) -> None:
        """Makes a global of it."""
        whole = self._given(self._library.JS_GetGlobalObject(self._context))
        used = self._library.JS_DupValue(self._context, value)
        if self._library.JS_DefinePropertyValueStr(self._context, whole, name, used, _CONFIGURABLE_WRITABLE) < 0:
            raise self._thrown()

    def call(self, function: Value, *arguments: Value) -> Value:
        given = (Value * max(len(arguments), 1))(*arguments)
        self._library.JS_UpdateStackTop(self._runtime)
        return self._given(self._library.JS_Call(self._context, function, UNDEFINED, len(arguments), given))

    def call_inside(self, function: Value) -> Value:
        """As `call`, while the script runs: from a signal handler."""
        return self._given(self._library.JS_Call(self._context, function, UNDEFINED, 0, (Value * 1)()))

    def drain(self) -> None:
        """Runs what promises have queued until there is nothing left."""
        self._library.JS_UpdateStackTop(self._runtime)
        which = c_void_p()
        while self._library.JS_IsJobPending(self._runtime):
            if self._library.JS_ExecutePendingJob(self._runtime, byref(which)) < 0:
                raise self._thrown()

    def unhandled(self) -> Value | None:
        """Why the last promise was rejected of those that nobody has handled."""
        if not self._holder.rejections:
            return None
        return self._given(self._library.JS_DupValue(self._context, self._holder.rejections[0].reason))

    def string(self, text: str) -> Value:
        encoded = _encoded(text)
        return self._given(self._library.JS_NewStringLen(self._context, encoded, len(encoded)))

    def boolean(self, value: bool) -> Value:
        return Value(value, _BOOLEAN)

    def text(self, value: Value) -> bytes:
        """In UTF-8, halves of pairs of surrogates left as they are."""
        size = c_size_t()
        data = self._library.JS_ToCStringLen2(self._context, byref(size), value, False)
        if not data:
            raise self._thrown()
        try:
            return ctypes.string_at(data, size.value)
        finally:
            self._library.JS_FreeCString(self._context, data)

    def _compiled(self, code: str, file: str) -> Value:
        text = _encoded(code)
        self._library.JS_UpdateStackTop(self._runtime)
        return self._given(self._library.JS_Eval(self._context, text, len(text), _encoded(file), _COMPILE_ONLY))

    def _given(self, value: Value) -> Value:
        if value.tag == _EXCEPTION:
            raise self._thrown()
        self._values.append(value)
        return value

    def _thrown(self) -> Thrown:
        return Thrown(self._given(self._library.JS_GetException(self._context)))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")
