//! `_codemode_jail`: the extension module that the zygote imports, loaded by any CPython from 3.10 on.
//!
//! It offers `serve()`: the zygote's loop. The call returns in a worker only, and there only after the last step of the
//! lock-down. And what `determinism` describes. Built by the crate's `build.rs` as a library of its own: no crates, no `std`, no heap, and the few symbols of
//! CPython's stable ABI declared by hand in `python.rs`.

#![no_std]

mod channel;
mod determinism;
mod lockdown;
mod python;
mod private_memory;
mod serve;
mod worker;

// libc: the interpreter has loaded it already.
#[link(name = "c")]
// SAFETY: declares nothing.
unsafe extern "C" {}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    lockdown::sys::exit_now(lockdown::FAILED)
}

/// Named by `core`'s prebuilt unwinding tables, which nothing reads: a panic ends the process.
// SAFETY: nothing else in this library has the name, and nothing calls it.
#[unsafe(no_mangle)]
pub extern "C" fn rust_eh_personality() {}
