//! The embedded executor, played by shell scripts.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use codemode::local::{LocalExecutor, LocalOptions};

struct Script {
    directory: tempfile::TempDir,
}

impl Script {
    fn new(body: &str) -> Self {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let script = Self { directory };
        // By another process. What is open for writing cannot be executed, and a child that another test forks meanwhile
        // has what is open in this one, until it executes something itself.
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 700 "$0""#;
        let written = Command::new("sh").args(["-c", write]).arg(script.path()).arg(body).status();
        assert!(written.expect("there is a shell").success());
        script
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("codemode")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn start(&self) -> Result<LocalExecutor, String> {
        let options = LocalOptions {
            executable: Some(self.path()),
            arguments: vec![self.directory.path().into()],
            start_timeout: Duration::from_secs(5),
        };
        LocalExecutor::start_blocking(&options)
            .map_err(|error| error.to_string().replace(&self.path().display().to_string(), "codemode"))
    }
}

fn is_running(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn executor_gets_key_and_socket_and_ends_with_its_stdin() {
    let script = Script::new(
        r#"read hello; echo "$@" > "$3/arguments"; echo "$hello" > "$3/hello"; env > "$3/environment"
        echo '{"url":"unix:/somewhere","jail_profile":"standard","pid":1}'; cat > /dev/null; touch "$3/ended""#,
    );
    let mut executor = script.start().expect("the script answers");
    let hello: serde_json::Value =
        serde_json::from_slice(&std::fs::read(script.file("hello")).expect("the script wrote it")).expect("it is JSON");
    assert_eq!((executor.url(), executor.jail_profile()), ("unix:/somewhere", "standard"));
    assert_eq!((hello["api_key"].as_str(), executor.api_key().len()), (Some(executor.api_key()), 64));
    let socket = PathBuf::from(hello["socket"].as_str().expect("it is text"));
    let directory = socket.parent().expect("it is in a directory").to_owned();
    let mode = std::fs::metadata(&directory).expect("it exists").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let arguments = std::fs::read_to_string(script.file("arguments")).expect("the script wrote it");
    assert!(arguments.starts_with("serve --embedded "), "{arguments}");
    let environment = std::fs::read_to_string(script.file("environment")).expect("the script wrote it");
    let names: Vec<_> = environment.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.starts_with("CARGO")), "{names:?}");
    let pid = executor.pid();
    executor.stop();
    assert!(!is_running(pid) && script.file("ended").exists());
    drop(executor);
    assert!(!directory.exists());
}

#[test]
fn executor_that_does_not_start_is_quoted() {
    insta::assert_snapshot!(Script::new("echo 'no layer `seccomp`' >&2; exit 78").start().expect_err("it exits"), @"no layer `seccomp`");
    insta::assert_snapshot!(Script::new("echo oops >&2; exit 3").start().expect_err("it exits"), @"`codemode` exited with code 3 before it served: oops");
    insta::assert_snapshot!(Script::new("echo hello; cat").start().expect_err("it is no executor"), @"`codemode` is not an executor: it answered `hello`");
    insta::assert_snapshot!(Script::new("kill -9 $$").start().expect_err("it dies"), @"`codemode` was killed before it served");
}

#[test]
fn executor_that_never_serves_is_killed() {
    let script = Script::new("echo $$ > \"$3/pid\"; exec sleep 1000");
    // Where a slow machine kills it before it has written who it is, it gets longer.
    let pid = [300, 3_000, 30_000].into_iter().find_map(|milliseconds| {
        let options = LocalOptions {
            executable: Some(script.path()),
            arguments: vec![script.directory.path().into()],
            start_timeout: Duration::from_millis(milliseconds),
        };
        let error = LocalExecutor::start_blocking(&options).expect_err("it never serves");
        assert_eq!(error.code(), "timeout");
        std::fs::read_to_string(script.file("pid")).ok()?.trim().parse().ok()
    });
    assert!(!is_running(pid.expect("the script wrote it")));
}

#[tokio::test]
async fn missing_executable_is_named_with_a_hint() {
    let options = LocalOptions { executable: Some("/nowhere/codemode".into()), ..LocalOptions::default() };
    let error = LocalExecutor::start(options).await.expect_err("there is none");
    insta::assert_snapshot!(error, @"failed to run `/nowhere/codemode` as the embedded executor");
    insta::assert_snapshot!(error.hint().unwrap_or_default(), @"install codemode, put it on PATH, or name it in CODEMODE_EXECUTABLE");
}
