//! Builds the worker-side extension module, which the crate then carries as bytes.
//!
//! The extension is its own `cdylib` without dependencies: cargo cannot build a library for another purpose out of the
//! same package, so `rustc` is called directly. Its `CPython` symbols stay undefined until an interpreter loads it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    let source = Path::new("src/extension");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", source.display());
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");

    let output = PathBuf::from(variable("OUT_DIR")).join("_codemode_jail.abi3.so");
    if variable("CARGO_CFG_TARGET_OS") != "linux" {
        fs::write(&output, []).expect("failed to write an empty extension");
        return;
    }
    let mut rustc = Command::new(variable("RUSTC"));
    rustc
        .args(["--crate-name", "codemode_jail_extension", "--crate-type", "cdylib", "--edition", "2024", "-O"])
        .args(["-C", "panic=abort", "-C", "strip=symbols", "-C", "codegen-units=1", "-C", "overflow-checks=on"])
        .args(["--target", &variable("TARGET"), "-D", "warnings"])
        // Python on a musl system is itself dynamically linked.
        .args(["-C", "target-feature=-crt-static"])
        .arg("-o")
        .arg(&output)
        .arg(source.join("lib.rs"));
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={linker}"));
    }
    let status = rustc.status().expect("failed to run rustc");
    assert!(status.success(), "failed to build the worker extension: {status}");
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| panic!("cargo did not set `{name}`: {error}"))
}
