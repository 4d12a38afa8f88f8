//! CPython's stable ABI, as far as the extension needs it, and the module's entry point.
//!
//! Each declaration is part of `Py_LIMITED_API` 3.10, whose layout CPython promises to keep.

use core::ffi::{c_char, c_int, c_long, c_void};
use core::ptr;

use crate::{determinism, serve};

#[repr(C)]
pub(crate) struct PyObject {
    _opaque: [u8; 0],
}

#[repr(C)]
struct ModuleDefBase {
    ob_refcnt: isize,
    ob_type: *mut c_void,
    m_init: *mut c_void,
    m_index: isize,
    m_copy: *mut PyObject,
}

#[repr(C)]
pub(crate) struct MethodDef {
    pub(crate) name: *const c_char,
    pub(crate) function: Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject>,
    pub(crate) flags: c_int,
    pub(crate) doc: *const c_char,
}

#[repr(C)]
struct ModuleDef {
    base: ModuleDefBase,
    name: *const c_char,
    doc: *const c_char,
    size: isize,
    methods: *mut MethodDef,
    slots: *mut c_void,
    traverse: *mut c_void,
    clear: *mut c_void,
    free: *mut c_void,
}

pub(crate) const METH_VARARGS: c_int = 1;
pub(crate) const METH_NOARGS: c_int = 4;
pub(crate) const METH_O: c_int = 8;
/// `PYTHON_ABI_VERSION`: what an extension of the limited API passes to `PyModule_Create2`.
const ABI_VERSION: c_int = 3;

// SAFETY: as the headers of the stable ABI declare them, from 3.10 on.
unsafe extern "C" {
    pub(crate) fn PyOS_BeforeFork();
    pub(crate) fn PyOS_AfterFork_Parent();
    pub(crate) fn PyOS_AfterFork_Child();
    pub(crate) fn Py_GetVersion() -> *const c_char;
    pub(crate) fn Py_BuildValue(format: *const c_char, ...) -> *mut PyObject;
    pub(crate) fn Py_DecRef(object: *mut PyObject);
    pub(crate) fn PyBool_FromLong(value: c_long) -> *mut PyObject;
    pub(crate) fn PyBytes_AsStringAndSize(
        object: *mut PyObject,
        bytes: *mut *mut c_char,
        length: *mut isize,
    ) -> c_int;
    pub(crate) fn PyBytes_FromStringAndSize(bytes: *const c_char, length: isize) -> *mut PyObject;
    pub(crate) fn PyCFunction_NewEx(
        definition: *mut MethodDef,
        bound: *mut PyObject,
        module: *mut PyObject,
    ) -> *mut PyObject;
    pub(crate) fn PyErr_Clear();
    pub(crate) fn PyErr_Occurred() -> *mut PyObject;
    pub(crate) fn PyErr_SetString(kind: *mut PyObject, message: *const c_char);
    pub(crate) fn PyFloat_FromDouble(value: f64) -> *mut PyObject;
    pub(crate) fn PyLong_AsLong(object: *mut PyObject) -> c_long;
    pub(crate) fn PyLong_FromLongLong(value: i64) -> *mut PyObject;
    pub(crate) fn PyObject_Call(
        callable: *mut PyObject,
        arguments: *mut PyObject,
        keywords: *mut PyObject,
    ) -> *mut PyObject;
    pub(crate) fn PyObject_CallFunctionObjArgs(callable: *mut PyObject, ...) -> *mut PyObject;
    pub(crate) fn PyObject_GetAttrString(object: *mut PyObject, name: *const c_char) -> *mut PyObject;
    pub(crate) fn PyObject_SetAttrString(object: *mut PyObject, name: *const c_char, value: *mut PyObject) -> c_int;
    pub(crate) fn PyTuple_GetItem(tuple: *mut PyObject, index: isize) -> *mut PyObject;
    pub(crate) fn PyUnicode_AsUTF8AndSize(object: *mut PyObject, length: *mut isize) -> *const c_char;
    pub(crate) static PyExc_RuntimeError: *mut PyObject;
    pub(crate) static PyExc_ValueError: *mut PyObject;
    fn PyModule_Create2(definition: *mut ModuleDef, version: c_int) -> *mut PyObject;
}

static mut METHODS: [MethodDef; 6] = [
    determinism::INSTALL,
    determinism::BEGIN,
    determinism::STOP,
    determinism::TAKE_CLOCK,
    MethodDef {
        name: c"serve".as_ptr(),
        function: Some(serve_method),
        flags: METH_NOARGS,
        doc:
            c"serve()\n--\n\nFork workers on request. Returns in a worker, once it is locked down; never in the zygote."
                .as_ptr(),
    },
    MethodDef { name: ptr::null(), function: None, flags: 0, doc: ptr::null() },
];

static mut MODULE: ModuleDef = ModuleDef {
    base: ModuleDefBase {
        ob_refcnt: 1,
        ob_type: ptr::null_mut(),
        m_init: ptr::null_mut(),
        m_index: 0,
        m_copy: ptr::null_mut(),
    },
    name: c"_codemode_jail".as_ptr(),
    doc: c"The zygote's loop, the worker's lock-down, and what makes a program do the same again.".as_ptr(),
    size: -1,
    methods: &raw mut METHODS as *mut MethodDef,
    slots: ptr::null_mut(),
    traverse: ptr::null_mut(),
    clear: ptr::null_mut(),
    free: ptr::null_mut(),
};

/// Called once by the interpreter, when the module is imported.
// SAFETY: the interpreter looks for this name, made of the module's; nothing else has it.
#[unsafe(no_mangle)]
pub extern "C" fn PyInit__codemode_jail() -> *mut PyObject {
    // SAFETY: the interpreter calls this with its lock held; `MODULE` and `METHODS` live for ever and only it writes them.
    unsafe { PyModule_Create2(&raw mut MODULE, ABI_VERSION) }
}

// SAFETY: only the interpreter calls it, by `METHODS`, and with its lock held.
unsafe extern "C" fn serve_method(_module: *mut PyObject, _arguments: *mut PyObject) -> *mut PyObject {
    serve::run();
    // SAFETY: the interpreter's lock is held, as it was at the call; an empty format builds a new reference to None.
    unsafe { Py_BuildValue(c"".as_ptr()) }
}
