//! CPython's stable ABI, as far as the extension needs it, and the module's entry point.
//!
//! Each declaration is part of `Py_LIMITED_API` 3.10, whose layout CPython promises to keep.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

use crate::serve;

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
struct MethodDef {
    name: *const c_char,
    function: Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject>,
    flags: c_int,
    doc: *const c_char,
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

const METH_NOARGS: c_int = 4;
/// `PYTHON_ABI_VERSION`: what an extension of the limited API passes to `PyModule_Create2`.
const ABI_VERSION: c_int = 3;

unsafe extern "C" {
    pub(crate) fn PyOS_BeforeFork();
    pub(crate) fn PyOS_AfterFork_Parent();
    pub(crate) fn PyOS_AfterFork_Child();
    pub(crate) fn Py_GetVersion() -> *const c_char;
    fn PyModule_Create2(definition: *mut ModuleDef, version: c_int) -> *mut PyObject;
    fn Py_BuildValue(format: *const c_char, ...) -> *mut PyObject;
}

static mut METHODS: [MethodDef; 2] = [
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
    doc: c"The zygote's loop and the worker's lock-down.".as_ptr(),
    size: -1,
    methods: &raw mut METHODS as *mut MethodDef,
    slots: ptr::null_mut(),
    traverse: ptr::null_mut(),
    clear: ptr::null_mut(),
    free: ptr::null_mut(),
};

/// Called once by the interpreter, when the module is imported.
#[unsafe(no_mangle)]
pub extern "C" fn PyInit__codemode_jail() -> *mut PyObject {
    // SAFETY: the interpreter calls this with its lock held; `MODULE` and `METHODS` live for ever and only it writes them.
    unsafe { PyModule_Create2(&raw mut MODULE, ABI_VERSION) }
}

unsafe extern "C" fn serve_method(_module: *mut PyObject, _arguments: *mut PyObject) -> *mut PyObject {
    serve::run();
    // SAFETY: the interpreter's lock is held, as it was at the call; an empty format builds a new reference to None.
    unsafe { Py_BuildValue(c"".as_ptr()) }
}
