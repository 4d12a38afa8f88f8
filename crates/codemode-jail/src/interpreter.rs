//! What a Python interpreter consists of: the files that the jail must show, and no others.
//!
//! The interpreter is asked itself, once, outside the jail and before any program is near it: its standard library, the
//! shared libraries that the library's extension modules load, and the names the loader finds them by.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::error::SpawnError;

const PROGRAM: &str = include_str!("interpreter.py");
/// A shim of a version manager looks these up; nothing else of the environment reaches the interpreter.
const VARIABLES: [&str; 4] = ["PATH", "HOME", "PYENV_ROOT", "PYENV_VERSION"];
const OLDEST: (u32, u32) = (3, 10);

/// An inspected interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// The executable itself, past shims, links and virtual environments.
    pub executable: PathBuf,
    /// Major, minor and patch.
    pub version: (u32, u32, u32),
    /// Directories of the standard library.
    pub trees: Vec<PathBuf>,
    /// Single files: archives of the standard library and shared libraries.
    pub files: Vec<PathBuf>,
    /// Links by which the loader finds the libraries: the link, then the file.
    pub links: Vec<(PathBuf, PathBuf)>,
}

impl Interpreter {
    /// Asks the interpreter at this path, or of this name. The answer is kept for the life of the process.
    pub fn inspect(python: &Path) -> Result<Arc<Self>, SpawnError> {
        static KNOWN: LazyLock<Mutex<HashMap<PathBuf, Arc<Interpreter>>>> = LazyLock::new(Mutex::default);
        let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(interpreter) = known().get(python) {
            return Ok(Arc::clone(interpreter));
        }
        let failed = |reason: String| SpawnError::Interpreter { python: python.to_owned(), reason };
        let output = Command::new(python)
            .args(["-S", "-s", "-E", "-B", "-c", PROGRAM])
            .env_clear()
            .envs(VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .current_dir("/")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(last_words(&String::from_utf8_lossy(&output.stderr))));
        }
        let interpreter = Self::parse(&String::from_utf8_lossy(&output.stdout)).map_err(failed)?;
        let interpreter = Arc::new(interpreter);
        known().insert(python.to_owned(), Arc::clone(&interpreter));
        Ok(interpreter)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut interpreter = Self {
            executable: PathBuf::new(),
            version: (0, 0, 0),
            trees: Vec::new(),
            files: Vec::new(),
            links: Vec::new(),
        };
        for line in text.lines() {
            let mut fields = line.split('\t');
            let (Some(word), Some(value)) = (fields.next(), fields.next()) else { continue };
            match word {
                "version" => interpreter.version = version(value).ok_or_else(|| format!("it has version `{value}`"))?,
                "implementation" if value != "cpython" => return Err(format!("it is `{value}`, not CPython")),
                "executable" => interpreter.executable = value.into(),
                "tree" => interpreter.trees.push(value.into()),
                "file" | "library" => interpreter.files.push(value.into()),
                "link" => {
                    if let Some(target) = fields.next() {
                        interpreter.links.push((value.into(), target.into()));
                    }
                }
                _ => {}
            }
        }
        let (major, minor, _) = interpreter.version;
        if (major, minor) < OLDEST {
            return Err(format!("it is Python {major}.{minor}; the oldest supported is {}.{}", OLDEST.0, OLDEST.1));
        }
        interpreter.trees.sort();
        // A directory below another is part of it.
        interpreter.trees.dedup_by(|later, earlier| later.starts_with(&*earlier));
        Ok(interpreter)
    }
}

/// The line that says most: Python ends with the error, the shims of version managers begin with it.
fn last_words(stderr: &str) -> String {
    let mut lines = stderr.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or("it failed without a word");
    let line = if first.starts_with("Traceback") { lines.next_back().unwrap_or(first) } else { first };
    line.chars().take(200).collect()
}

fn version(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_is_read_and_nested_trees_fold() {
        let text = "version\t3.12.1\nimplementation\tcpython\nexecutable\t/opt/p/bin/python3.12\ntree\t/opt/p/lib/python3.12\n\
                    tree\t/opt/p/lib/python3.12/lib-dynload\nlibrary\t/lib/libc.so.6\nlink\t/lib/libz.so.1\t/lib/libz.so.1.2\n";
        let interpreter = Interpreter::parse(text).expect("a complete answer");
        assert_eq!(interpreter.version, (3, 12, 1));
        assert_eq!(interpreter.trees, [PathBuf::from("/opt/p/lib/python3.12")]);
        assert_eq!(interpreter.links, [("/lib/libz.so.1".into(), "/lib/libz.so.1.2".into())]);
    }

    #[test]
    fn old_and_foreign_interpreters_are_refused() {
        assert_eq!(
            Interpreter::parse("version\t3.9.18\n").expect_err("too old"),
            "it is Python 3.9; the oldest supported is 3.10"
        );
        assert_eq!(
            Interpreter::parse("version\t3.10.1\nimplementation\tpypy\n").expect_err("not CPython"),
            "it is `pypy`, not CPython"
        );
    }
}
