//! The functions of the module `time` that a program sees: those of CPython, on the clocks of `clock`.
//!
//! They keep their names, descriptions and module, so that they look and pickle as before.

use core::ffi::{c_char, c_int};
use core::ptr;

use super::clock;
use crate::python::{
    METH_NOARGS, METH_O, MethodDef, Py_DecRef, PyCFunction_NewEx, PyErr_Clear, PyErr_Occurred, PyFloat_FromDouble,
    PyLong_AsLong, PyLong_FromLongLong, PyObject, PyObject_CallFunctionObjArgs, PyObject_GetAttrString,
    PyObject_SetAttrString, PyUnicode_AsUTF8AndSize,
};

type Function = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;

const COUNT: usize = 12;

static mut FUNCTIONS: [MethodDef; COUNT] = [
    method(c"time", seconds::<{ clock::REALTIME }>, METH_NOARGS),
    method(c"time_ns", nanoseconds::<{ clock::REALTIME }>, METH_NOARGS),
    method(c"monotonic", seconds::<{ clock::MONOTONIC }>, METH_NOARGS),
    method(c"monotonic_ns", nanoseconds::<{ clock::MONOTONIC }>, METH_NOARGS),
    method(c"perf_counter", seconds::<{ clock::MONOTONIC }>, METH_NOARGS),
    method(c"perf_counter_ns", nanoseconds::<{ clock::MONOTONIC }>, METH_NOARGS),
    method(c"process_time", seconds::<{ clock::PROCESS }>, METH_NOARGS),
    method(c"process_time_ns", nanoseconds::<{ clock::PROCESS }>, METH_NOARGS),
    method(c"thread_time", seconds::<{ clock::THREAD }>, METH_NOARGS),
    method(c"thread_time_ns", nanoseconds::<{ clock::THREAD }>, METH_NOARGS),
    method(c"clock_gettime", any_seconds, METH_O),
    method(c"clock_gettime_ns", any_nanoseconds, METH_O),
];

/// CPython's own, for arguments that are no clock.
static mut CLOCK_GETTIME: [*mut PyObject; 2] = [ptr::null_mut(); 2];

const fn method(name: &'static core::ffi::CStr, function: Function, flags: c_int) -> MethodDef {
    MethodDef { name: name.as_ptr(), function: Some(function), flags, doc: ptr::null() }
}

/// Puts them in place. False with a Python error where that fails.
///
/// # Safety
///
/// With the interpreter's lock; `module` is the module `time`. Once in a process.
pub(super) unsafe fn install(module: *mut PyObject) -> bool {
    // SAFETY: objects are checked for null before use; what is leaked here lives as long as the module that holds it. Only
    // this function writes the two statics, before any of `FUNCTIONS` can be called.
    unsafe {
        let name = PyObject_GetAttrString(module, c"__name__".as_ptr());
        if name.is_null() {
            return false;
        }
        for index in 0..COUNT {
            let definition = (&raw mut FUNCTIONS).cast::<MethodDef>().add(index);
            let original = PyObject_GetAttrString(module, (*definition).name);
            if original.is_null() {
                // `thread_time` is not on every system.
                PyErr_Clear();
                continue;
            }
            (*definition).doc = description(original);
            match COUNT - index {
                2 => CLOCK_GETTIME[0] = original,
                1 => CLOCK_GETTIME[1] = original,
                _ => Py_DecRef(original),
            }
            let function = PyCFunction_NewEx(definition, module, name);
            if function.is_null() || PyObject_SetAttrString(module, (*definition).name, function) != 0 {
                return false;
            }
            Py_DecRef(function);
        }
        Py_DecRef(name);
    }
    true
}

/// The text of `__doc__`, kept for ever.
unsafe fn description(function: *mut PyObject) -> *const c_char {
    // SAFETY: the caller has a function. The text lives as long as its object, whose reference is not given back.
    unsafe {
        let text = PyObject_GetAttrString(function, c"__doc__".as_ptr());
        let text = if text.is_null() { ptr::null() } else { PyUnicode_AsUTF8AndSize(text, ptr::null_mut()) };
        PyErr_Clear();
        text
    }
}

/// As CPython converts: whole seconds exactly, and one rounding otherwise.
fn float(nanoseconds: i64) -> *mut PyObject {
    let seconds = if nanoseconds % 1_000_000_000 == 0 {
        (nanoseconds / 1_000_000_000) as f64
    } else {
        nanoseconds as f64 / 1e9
    };
    // SAFETY: the interpreter calls these functions with its lock.
    unsafe { PyFloat_FromDouble(seconds) }
}

fn integer(nanoseconds: i64) -> *mut PyObject {
    // SAFETY: the interpreter calls these functions with its lock.
    unsafe { PyLong_FromLongLong(nanoseconds) }
}

unsafe extern "C" fn seconds<const CLOCK: c_int>(_module: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    // The four clocks are those of every Linux.
    float(clock::read(CLOCK).unwrap_or(0))
}

unsafe extern "C" fn nanoseconds<const CLOCK: c_int>(_module: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    integer(clock::read(CLOCK).unwrap_or(0))
}

unsafe extern "C" fn any_seconds(_module: *mut PyObject, argument: *mut PyObject) -> *mut PyObject {
    // SAFETY: an argument of the interpreter's call.
    unsafe { any(argument, 0).map_or_else(|result| result, float) }
}

unsafe extern "C" fn any_nanoseconds(_module: *mut PyObject, argument: *mut PyObject) -> *mut PyObject {
    // SAFETY: an argument of the interpreter's call.
    unsafe { any(argument, 1).map_or_else(|result| result, integer) }
}

/// Reads the clock of this number. `Err` with what CPython's own function returns, where it is none.
unsafe fn any(argument: *mut PyObject, original: usize) -> Result<i64, *mut PyObject> {
    // SAFETY: an argument of the interpreter's call; `CLOCK_GETTIME` was set before this function could be called.
    unsafe {
        let number = PyLong_AsLong(argument);
        if PyErr_Occurred().is_null() {
            if let Some(now) = c_int::try_from(number).ok().and_then(clock::read) {
                return Ok(now);
            }
        } else {
            PyErr_Clear();
        }
        Err(PyObject_CallFunctionObjArgs(CLOCK_GETTIME[original], argument, ptr::null_mut::<PyObject>()))
    }
}
