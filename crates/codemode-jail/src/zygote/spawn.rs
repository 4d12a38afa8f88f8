//! The executor's side of a start: prepare, fork, write the maps, wait for the interpreter's `execve`.

use std::ffi::{CString, c_char};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::ptr;

use super::child::{self, Namespaces, Plan};
use super::plan::{self, PrivateDirectory};
use super::{Zygote, ZygoteConfig};
use crate::blob;
use crate::error::{SpawnError, Step};
use crate::interpreter::Interpreter;
use crate::layer::Layer;
use crate::seccomp::{self, Writes};
use crate::system::{self, check};

/// The same everywhere: `hash()` of a string must not differ between the first run of a program and its replay. The numeric
/// libraries would start threads that a fork does not copy.
/// Symbols are bound once, in the zygote, and not again in each worker.
const ENVIRONMENT: [&str; 6] = [
    "LD_BIND_NOW=1",
    "PYTHONHASHSEED=0",
    "LC_ALL=C.UTF-8",
    "OPENBLAS_NUM_THREADS=1",
    "OMP_NUM_THREADS=1",
    "MKL_NUM_THREADS=1",
];

fn prepare<T>(what: &'static str, result: io::Result<T>) -> Result<T, SpawnError> {
    result.map_err(|source| SpawnError::Prepare { what, source })
}

pub(super) fn spawn(config: &ZygoteConfig) -> Result<Zygote, SpawnError> {
    for layer in config.layers.iter() {
        if let Some(needs) = layer.needs().filter(|needs| !config.layers.contains(*needs)) {
            return Err(SpawnError::Layers { layer, needs });
        }
    }
    let interpreter = Interpreter::inspect(&config.python)?;
    let namespaces = namespaces(config);
    let directory = match namespaces {
        Namespaces::None => {
            Some(prepare("make a private directory for the runner's modules", PrivateDirectory::create(&config.files))?)
        }
        _ => None,
    };
    let modules = directory.as_ref().map_or(Path::new(plan::MODULES), PrivateDirectory::path);

    let null = prepare("open /dev/null", open_null())?;
    let (control, zygote_end) = prepare("make the control socket", system::socketpair(libc::SOCK_SEQPACKET))?;
    prepare("make the control socket", system::set_nonblocking(control.as_fd()))?;
    let (stderr, stderr_end) = prepare("make the pipe of standard error", system::pipe(libc::O_NONBLOCK))?;
    let (report, report_end) = prepare("make the start's pipes", system::pipe(0))?;
    let (answer_end, answer) = prepare("make the start's pipes", system::pipe(0))?;
    let settings = prepare("write the zygote's settings", settings(config, &interpreter))?;

    let arguments = prepare("make the interpreter's arguments", arguments(&interpreter, modules, &config.bootstrap))?;
    let environment = prepare("make the interpreter's environment", strings(&ENVIRONMENT))?;
    let mount_point = temporary_mount_point();
    let path = |path: &Path| prepare("make a path", plan::c(path));
    let (user, group) = match namespaces {
        Namespaces::Unprivileged { user, group } => (user, group),
        _ => (0, 0),
    };
    let plan = Plan {
        namespaces,
        descriptors: [&null, &null, &stderr_end, &zygote_end, &settings, &report_end, &answer_end]
            .map(AsRawFd::as_raw_fd),
        mount_point: path(Path::new(mount_point))?,
        mount_point_old: path(Path::new(&format!("{mount_point}{}", plan::OLD_ROOT)))?,
        entries: match namespaces {
            Namespaces::None => Vec::new(),
            _ => prepare("plan the zygote's root", plan::root(&interpreter, &config.files))?,
        },
        user_map: format!("{user} {user} 1").into_bytes(),
        group_map: format!("{group} {group} 1").into_bytes(),
        directory: path(if directory.is_some() { modules } else { Path::new("/") })?,
        executable: path(&interpreter.executable)?,
        arguments: pointers(&arguments),
        environment: pointers(&environment),
        no_new_privileges: config.layers.contains(Layer::NoNewPrivileges),
        drop_capabilities: config.layers.contains(Layer::Capabilities),
        worker_namespaces: config.layers.contains(Layer::WorkerNamespaces),
    };
    let first = prepare("fork", fork(&plan))?;
    drop((zygote_end, stderr_end, report_end, answer_end, settings));
    let pid = follow(first, namespaces, report, answer)?;
    match system::pidfd_open(pid) {
        Ok(pidfd) => {
            let own_tasks = config.layers.contains(Layer::WorkerNamespaces);
            let rlimits = config.layers.contains(Layer::Rlimits);
            Ok(Zygote { control, stderr, pidfd, pid, own_tasks, rlimits, directory, ended: None })
        }
        Err(source) => {
            kill_and_reap(pid);
            Err(SpawnError::Prepare { what: "open the zygote's pidfd", source })
        }
    }
}

fn open_null() -> io::Result<OwnedFd> {
    fs::OpenOptions::new().read(true).write(true).open("/dev/null").map(OwnedFd::from)
}

fn namespaces(config: &ZygoteConfig) -> Namespaces {
    // SAFETY: no precondition.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    if !config.layers.contains(Layer::Namespaces) {
        Namespaces::None
    } else if user == 0 && may_mount_and_map() {
        Namespaces::Privileged
    } else {
        Namespaces::Unprivileged { user, group }
    }
}

/// Whether this root is one that can mount here and become user 65534. A root of a container may not be.
pub(crate) fn may_mount_and_map() -> bool {
    const NEEDED: u64 = 1 << 21 | 1 << 7 | 1 << 6; // CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID
    let mapped = |path| {
        fs::read_to_string(path).is_ok_and(|map| {
            map.lines().any(|line| {
                let mut fields = line.split_whitespace().map(|field| field.parse::<u64>().unwrap_or(0));
                let (first, length) = (fields.next().unwrap_or(0), fields.nth(1).unwrap_or(0));
                (first..first + length).contains(&u64::from(child::UNPRIVILEGED))
            })
        })
    };
    let capable = fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        let set = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
        set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).is_some_and(|set| set & NEEDED == NEEDED)
    });
    capable && mapped("/proc/self/uid_map") && mapped("/proc/self/gid_map")
}

/// A directory that every system has, to mount on for a moment in a mount namespace of our own.
pub(crate) fn temporary_mount_point() -> &'static str {
    ["/tmp", "/run", "/mnt", "/proc"].into_iter().find(|path| Path::new(path).is_dir()).unwrap_or("/dev")
}

/// The sealed memory file that the zygote maps.
fn settings(config: &ZygoteConfig, interpreter: &Interpreter) -> io::Result<OwnedFd> {
    let scratch = config.ceilings.scratch > 0 && config.layers.contains(Layer::WorkerNamespaces);
    let writes = if scratch { Writes::Scratch } else { Writes::Denied };
    let program = if config.layers.contains(Layer::Seccomp) { seccomp::compile(writes) } else { Vec::new() };
    let header = blob::header(config.layers, &config.ceilings, program.len());
    let options = blob::scratch_options(&config.ceilings);
    let blob = blob::encode(&header, &options, &program, &plan::grants(interpreter));
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // SAFETY: a zero-terminated name; the descriptor is new.
    let memory = unsafe { system::owned(libc::memfd_create(c"codemode-settings".as_ptr(), flags))? };
    let mut file = File::from(memory);
    file.write_all(&blob)?;
    let seals = libc::F_SEAL_WRITE | libc::F_SEAL_GROW | libc::F_SEAL_SHRINK | libc::F_SEAL_SEAL;
    // SAFETY: integers.
    check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) })?;
    Ok(file.into())
}

fn arguments(interpreter: &Interpreter, modules: &Path, bootstrap: &str) -> io::Result<Vec<CString>> {
    let modules = modules.to_str().ok_or_else(|| io::Error::other("the temporary directory's name is not UTF-8"))?;
    // As a Python string.
    let quoted = modules.replace('\\', "\\\\").replace('\'', "\\'");
    let text = format!("import sys\nsys.path[:] = [p for p in sys.path if p] + ['{quoted}']\ndel sys\n{bootstrap}");
    let executable = interpreter.executable.to_string_lossy();
    let mut arguments = vec![&*executable, "-s", "-S", "-B", "-X", "utf8"];
    let (major, minor, _) = interpreter.version;
    if (major, minor) >= (3, 11) {
        arguments.push("-P");
    }
    arguments.extend(["-c", &text]);
    strings(&arguments)
}

fn strings(texts: &[&str]) -> io::Result<Vec<CString>> {
    texts.iter().map(|text| Ok(CString::new(*text)?)).collect()
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}

/// Forks with all signals blocked, so that no handler of the executor runs in the child.
fn fork(plan: &Plan) -> io::Result<i32> {
    // SAFETY: the sets are initialised before use. The child calls only what is async-signal-safe: see `child`.
    unsafe {
        let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        let pid = libc::fork();
        if pid == 0 {
            child::run(plan);
        }
        let error = io::Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut());
        if pid < 0 { Err(error) } else { Ok(pid) }
    }
}

/// Reads the child's reports until its `execve` closes the pipe. Returns the interpreter's process id.
fn follow(first: i32, namespaces: Namespaces, report: OwnedFd, answer: OwnedFd) -> Result<i32, SpawnError> {
    let (mut report, mut answer) = (File::from(report), File::from(answer));
    let mut interpreter = None;
    let mut failure = None;
    let mut record = [0u8; 8];
    while report.read_exact(&mut record).is_ok() {
        let (code, value) = child::decode(record);
        match code {
            child::REPORT_PID => interpreter = Some(value),
            child::REPORT_MAP => {
                let errno = write_maps(first).err().map_or(0, |error| error.raw_os_error().unwrap_or(libc::EIO));
                // The child that does not get it reports that.
                let _ = answer.write_all(&errno.to_ne_bytes());
            }
            code => {
                let step = Step::from_code(code).unwrap_or(Step::Arrange);
                failure = Some(SpawnError::Step { step, source: io::Error::from_raw_os_error(value) });
            }
        }
    }
    if namespaces == Namespaces::None && failure.is_none() {
        return Ok(first);
    }
    kill_and_reap(first);
    match (failure, interpreter) {
        (None, Some(pid)) => Ok(pid),
        (failure, pid) => {
            if let Some(pid) = pid {
                kill_and_reap(pid);
            }
            let ended = || SpawnError::Prepare {
                what: "start the zygote: its process was killed",
                source: io::ErrorKind::BrokenPipe.into(),
            };
            Err(failure.unwrap_or_else(ended))
        }
    }
}

/// Maps user and group 65534 of the child's user namespace to themselves. The executor is root here.
fn write_maps(pid: i32) -> io::Result<()> {
    let map = format!("{id} {id} 1", id = child::UNPRIVILEGED);
    fs::write(format!("/proc/{pid}/gid_map"), &map)?;
    fs::write(format!("/proc/{pid}/uid_map"), &map)
}

/// Ends and reaps a child of this start.
fn kill_and_reap(pid: i32) {
    // SAFETY: `pid` is a child of this process that nothing else reaps, so the number is its own.
    unsafe {
        libc::kill(pid, libc::SIGKILL);
        while libc::waitpid(pid, ptr::null_mut(), 0) < 0
            && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
        {}
    }
}
