//! The Python that runs in the zygote and its workers, carried inside the executor so that no path can be wrong and no
//! version can differ.

use std::sync::LazyLock;

/// What `python -c` runs in the zygote, which finds [`FILES`] on its import path.
pub(crate) const BOOTSTRAP: &str = "from codemode_worker.zygote import main; main()";

/// Modules that the zygote imports, by their path below its import path.
pub(crate) const FILES: &[(&str, &[u8])] = &[
    ("codemode_worker/__init__.py", include_bytes!("../worker/__init__.py")),
    ("codemode_worker/bridge.py", include_bytes!("../worker/bridge.py")),
    ("codemode_worker/channel.py", include_bytes!("../worker/channel.py")),
    ("codemode_worker/context.py", include_bytes!("../worker/context.py")),
    ("codemode_worker/determinism.py", include_bytes!("../worker/determinism.py")),
    ("codemode_worker/errors.py", include_bytes!("../worker/errors.py")),
    ("codemode_worker/meta.py", include_bytes!("../worker/meta.py")),
    ("codemode_worker/ordered.py", include_bytes!("../worker/ordered.py")),
    ("codemode_worker/output.py", include_bytes!("../worker/output.py")),
    ("codemode_worker/program.py", include_bytes!("../worker/program.py")),
    ("codemode_worker/replay.py", include_bytes!("../worker/replay.py")),
    ("codemode_worker/report.py", include_bytes!("../worker/report.py")),
    ("codemode_worker/runner.py", include_bytes!("../worker/runner.py")),
    ("codemode_worker/tools.py", include_bytes!("../worker/tools.py")),
    // One codec, shared with the application's package.
    ("codemode_worker/values.py", include_bytes!("../../../python/codemode/_values.py")),
    ("codemode_worker/zygote.py", include_bytes!("../worker/zygote.py")),
];

/// What names the runtime of a journal: where it is the same, a program does between its calls what it did before.
pub(crate) fn runtime(python_version: &str) -> String {
    static FINGERPRINT: LazyLock<u64> = LazyLock::new(|| fingerprint(FILES));
    format!("cpython-{python_version}/{:016x}", *FINGERPRINT)
}

/// FNV-1a of names, contents and this crate's version. It tells releases apart, and keeps nobody out: a client may send
/// whatever journal it likes.
fn fingerprint(files: &[(&str, &[u8])]) -> u64 {
    let version = [("version", env!("CARGO_PKG_VERSION").as_bytes())];
    let parts = files.iter().chain(&version).flat_map(|(name, content)| [name.as_bytes(), content]);
    parts.fold(0xcbf2_9ce4_8422_2325, |hash, part| {
        let length = (part.len() as u64).to_le_bytes();
        length.iter().chain(part).fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_knows_each_file_by_name_and_content() {
        let files: [&[(&str, &[u8])]; 4] =
            [&[("a", b"1"), ("b", b"2")], &[("a", b"1b"), ("", b"2")], &[("b", b"1"), ("a", b"2")], &[("a", b"1")]];
        let all: std::collections::HashSet<u64> = files.iter().map(|files| fingerprint(files)).collect();
        assert_eq!(all.len(), files.len());
        assert_eq!(runtime("3.11.2"), format!("cpython-3.11.2/{:016x}", fingerprint(FILES)));
    }

    #[test]
    fn every_file_of_the_worker_is_carried() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("worker");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let is_module = std::path::Path::new(&name).extension().is_some_and(|extension| extension == "py");
            assert!(!is_module || FILES.iter().any(|(path, _)| *path == format!("codemode_worker/{name}")), "{name}");
        }
    }
}
