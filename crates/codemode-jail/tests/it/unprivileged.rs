//! Runs every other test again as user 65534, when this run is root's.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::is_root;

/// A copy of the test program that the other user can reach.
struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn every_test_passes_for_an_unprivileged_user() {
    if !is_root() {
        println!("skipped: this run is not root's");
        return;
    }
    let directory = std::env::temp_dir().join(format!("codemode-jail-tests-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let directory = Copy(directory);
    std::fs::set_permissions(&directory.0, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = directory.0.join("it");
    // By another process. What is open for writing cannot be executed, and a zygote that another test forks meanwhile has
    // what is open in this one, for a moment.
    assert!(Command::new("cp").args([&std::env::current_exe().unwrap(), &program]).status().unwrap().success());
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = Command::new(&program)
        .args(["--test-threads", "2", "--nocapture"])
        .current_dir("/")
        .uid(65534)
        .gid(65534)
        .output();
    let output = match output {
        Ok(output) => output,
        // The latter: its user namespace has no such user.
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::InvalidInput) => {
            println!("skipped: this root may not become another user: {error}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
