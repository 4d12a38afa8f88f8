//! What makes a program do the same again: clocks that are recorded and replayed, random numbers from one seed.
//!
//! `worker/determinism.py` calls these functions: `install` in the zygote, `begin` and `take_clock` in each worker. The state
//! is the process's own; a zygote has none, so a worker finds nothing of another execution.
//! `docs/design/journal.md` says what is the same on a replay, and what is not.

mod chacha;
mod clock;
mod entropy;
mod guarded;
mod interpose;
mod reads;
mod time_module;

use core::ffi::c_long;
use core::ptr;
use core::slice;

use crate::python::{
    METH_NOARGS, METH_VARARGS, MethodDef, Py_BuildValue, Py_DecRef, PyBytes_AsStringAndSize,
    PyBytes_FromStringAndSize, PyCFunction_NewEx, PyErr_SetString, PyExc_RuntimeError, PyExc_ValueError, PyObject,
    PyObject_Call, PyObject_GetAttrString, PyObject_SetAttrString, PyTuple_GetItem,
};

pub(crate) const INSTALL: MethodDef = MethodDef {
    name: c"install".as_ptr(),
    function: Some(install),
    flags: METH_VARARGS,
    doc: c"install(time, imp)\n--\n\nInterpose clocks and random numbers in this process and in what it loads later.\n\n\
           Once, in the zygote. False where the interpreter's own timeouts read the wall clock."
        .as_ptr(),
};

pub(crate) const BEGIN: MethodDef = MethodDef {
    name: c"begin".as_ptr(),
    function: Some(begin),
    flags: METH_VARARGS,
    doc: c"begin(seed, recorded)\n--\n\nDraw random numbers from 32 bytes, and record clock reads behind those recorded."
        .as_ptr(),
};

pub(crate) const STOP: MethodDef = MethodDef {
    name: c"stop".as_ptr(),
    function: Some(stop),
    flags: METH_NOARGS,
    doc: c"stop()\n--\n\nGo back to the real clock and the kernel's random numbers.".as_ptr(),
};

pub(crate) const TAKE_CLOCK: MethodDef = MethodDef {
    name: c"take_clock".as_ptr(),
    function: Some(take_clock),
    flags: METH_NOARGS,
    doc: c"take_clock()\n--\n\nThe reads since the last call of this, and whether one was not recorded.".as_ptr(),
};

unsafe extern "C" fn install(_module: *mut PyObject, arguments: *mut PyObject) -> *mut PyObject {
    // SAFETY: a tuple of the interpreter's call, whose lock is held. Borrowed references live as long as it.
    unsafe {
        let (time, imp) = (PyTuple_GetItem(arguments, 0), PyTuple_GetItem(arguments, 1));
        if time.is_null() || imp.is_null() {
            return ptr::null_mut();
        }
        if !CREATE_DYNAMIC.is_null() {
            PyErr_SetString(PyExc_RuntimeError, c"clocks and random numbers are interposed already".as_ptr());
            return ptr::null_mut();
        }
        if !time_module::install(time) || !watch_imports(imp) {
            return ptr::null_mut();
        }
        python_bool(interpose::interpose())
    }
}

fn python_bool(value: bool) -> *mut PyObject {
    // SAFETY: a new or immortal reference to one of two objects that never go away.
    unsafe { crate::python::PyBool_FromLong(c_long::from(value)) }
}

// === extension modules that are loaded later ===

static mut CREATE_DYNAMIC: *mut PyObject = ptr::null_mut();
static mut CREATE_DYNAMIC_METHOD: MethodDef = MethodDef {
    name: c"create_dynamic".as_ptr(),
    function: None,
    flags: METH_VARARGS,
    doc: c"Create an extension module.".as_ptr(),
};

/// Puts `create_dynamic` in place of `_imp`'s, which every import of an extension module calls.
unsafe fn watch_imports(imp: *mut PyObject) -> bool {
    // SAFETY: with the interpreter's lock; only this function writes the statics, before the method can be called.
    unsafe {
        CREATE_DYNAMIC = PyObject_GetAttrString(imp, c"create_dynamic".as_ptr());
        let name = PyObject_GetAttrString(imp, c"__name__".as_ptr());
        if CREATE_DYNAMIC.is_null() || name.is_null() {
            return false;
        }
        CREATE_DYNAMIC_METHOD.function = Some(create_dynamic);
        let function = PyCFunction_NewEx(&raw mut CREATE_DYNAMIC_METHOD, imp, name);
        Py_DecRef(name);
        if function.is_null() {
            return false;
        }
        let failed = PyObject_SetAttrString(imp, c"create_dynamic".as_ptr(), function);
        Py_DecRef(function);
        failed == 0
    }
}

/// A C function, so that it is no frame of a traceback.
unsafe extern "C" fn create_dynamic(_module: *mut PyObject, arguments: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter's call, passed on as it came. The lock is held again when it returns.
    unsafe {
        let module = PyObject_Call(CREATE_DYNAMIC, arguments, ptr::null_mut());
        // Also after a failure: the library may stay loaded.
        interpose::interpose();
        module
    }
}

// === a worker's part ===

unsafe extern "C" fn begin(_module: *mut PyObject, arguments: *mut PyObject) -> *mut PyObject {
    // SAFETY: a tuple of the interpreter's call, whose lock is held; `bytes` checks what it is given.
    unsafe {
        let (Some(seed), Some(recorded)) =
            (bytes(PyTuple_GetItem(arguments, 0)), bytes(PyTuple_GetItem(arguments, 1)))
        else {
            return ptr::null_mut();
        };
        let Ok(seed) = <&[u8; 32]>::try_from(seed) else {
            PyErr_SetString(PyExc_ValueError, c"a seed has 32 bytes".as_ptr());
            return ptr::null_mut();
        };
        entropy::begin(seed);
        clock::begin(recorded);
        Py_BuildValue(c"".as_ptr())
    }
}

/// # Safety
///
/// `object` is null or an object that outlives the result. `None` with a Python error where it is not `bytes`.
unsafe fn bytes<'a>(object: *mut PyObject) -> Option<&'a [u8]> {
    let (mut address, mut length) = (ptr::null_mut(), 0);
    // SAFETY: as the caller says; the address has `length` bytes, which nobody may change.
    unsafe {
        if object.is_null() || PyBytes_AsStringAndSize(object, &raw mut address, &raw mut length) != 0 {
            return None;
        }
        Some(slice::from_raw_parts(address.cast(), usize::try_from(length).ok()?))
    }
}

unsafe extern "C" fn stop(_module: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    clock::stop();
    entropy::stop();
    // SAFETY: the interpreter's lock is held; an empty format builds a new reference to None.
    unsafe { Py_BuildValue(c"".as_ptr()) }
}

unsafe extern "C" fn take_clock(_module: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    // An allocation of the interpreter's reads no clock, so it may be made with the reads held.
    let (reads, overflowed) = clock::take(|reads, overflowed| {
        let length = reads.len().cast_signed();
        // SAFETY: the interpreter's lock is held; `reads` is valid for its length.
        (unsafe { PyBytes_FromStringAndSize(reads.as_ptr().cast(), length) }, overflowed)
    });
    if reads.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: `N` takes over the references to both.
    unsafe { Py_BuildValue(c"NN".as_ptr(), reads, python_bool(overflowed)) }
}
