//! The Python that runs in the zygote and its workers, carried inside the executor so that no path can be wrong and no
//! version can differ.

/// What `python -c` runs in the zygote, which finds [`FILES`] on its import path.
pub(crate) const BOOTSTRAP: &str = "from codemode_worker.zygote import main; main()";

/// Modules that the zygote imports, by their path below its import path.
pub(crate) const FILES: &[(&str, &[u8])] = &[
    ("codemode_worker/__init__.py", include_bytes!("../worker/__init__.py")),
    ("codemode_worker/bridge.py", include_bytes!("../worker/bridge.py")),
    ("codemode_worker/channel.py", include_bytes!("../worker/channel.py")),
    ("codemode_worker/context.py", include_bytes!("../worker/context.py")),
    ("codemode_worker/errors.py", include_bytes!("../worker/errors.py")),
    ("codemode_worker/meta.py", include_bytes!("../worker/meta.py")),
    ("codemode_worker/output.py", include_bytes!("../worker/output.py")),
    ("codemode_worker/program.py", include_bytes!("../worker/program.py")),
    ("codemode_worker/report.py", include_bytes!("../worker/report.py")),
    ("codemode_worker/runner.py", include_bytes!("../worker/runner.py")),
    ("codemode_worker/tools.py", include_bytes!("../worker/tools.py")),
    // One codec, shared with the application's package.
    ("codemode_worker/values.py", include_bytes!("../../../python/codemode/_values.py")),
    ("codemode_worker/zygote.py", include_bytes!("../worker/zygote.py")),
];

#[cfg(test)]
mod tests {
    use super::*;

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
