//! Which Python interpreter to use, and how to hand over to the Python package.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::exit;

/// The interpreter to run programs on, or to hand over to: `asked`, else the one beside this executable (a virtual
/// environment), else `python3` on `PATH`. Links are followed by the jail, not here: a virtual environment's
/// interpreter knows its packages by its own path.
pub(crate) fn find(asked: Option<&Path>) -> Result<PathBuf, PythonNotFound> {
    if let Some(asked) = asked {
        return if asked.is_file() {
            Ok(asked.to_owned())
        } else {
            on_path(asked).ok_or(PythonNotFound { asked: asked.into() })
        };
    }
    let beside = std::env::current_exe().ok().and_then(|executable| {
        let python = executable.parent()?.join("python3");
        python.is_file().then_some(python)
    });
    beside.or_else(|| on_path(Path::new("python3"))).ok_or(PythonNotFound { asked: "python3".into() })
}

/// Becomes `python -m module arguments…`. Returns where that fails.
pub(crate) fn hand_over(module: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> ExitCode {
    // The package's own console script says which interpreter has the package.
    let asked = std::env::var_os("CODEMODE_PYTHON").map(PathBuf::from);
    let python = match find(asked.as_deref()) {
        Ok(python) => python,
        Err(error) => return exit::report(&error, Some(PythonNotFound::HINT), exit::UNAVAILABLE),
    };
    let mut command = Command::new(&python);
    command.args(["-m", module]).args(arguments);
    if let Ok(executable) = std::env::current_exe() {
        command.env("CODEMODE_EXECUTABLE", executable);
    }
    let error = command.exec();
    exit::report(&error, Some("install the Python package: pip install codemode"), exit::UNAVAILABLE)
}

fn on_path(name: &Path) -> Option<PathBuf> {
    if name.components().count() != 1 {
        return None;
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// No such interpreter.
#[derive(Debug)]
pub(crate) struct PythonNotFound {
    asked: PathBuf,
}

impl std::error::Error for PythonNotFound {}

impl std::fmt::Display for PythonNotFound {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "found no Python interpreter `{}`", self.asked.display())
    }
}

impl PythonNotFound {
    pub(crate) const HINT: &'static str = "install Python 3.10 or later, or name one with --python";
}
