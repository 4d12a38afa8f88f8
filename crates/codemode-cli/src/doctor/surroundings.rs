//! What the process and its container give an executor, beside the jail: the kernel, descriptors, processes, memory.
//!
//! All of it is read from `/proc` and the control groups; where something cannot be read, it is taken as unlimited.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use codemode_executor::{ExecutorConfig, Limits, Listen};

/// Descriptors of the executor itself: listener, runtime, zygote, log, and a margin.
const OWN_FILES: u64 = 100;
/// Descriptors of an execution: the worker's socket, its process, what it used, and a client's connection.
const FILES_EACH: u64 = 4;
/// Processes and threads of the executor and the zygote.
const OWN_PROCESSES: u64 = 16;
/// Memory of the executor, the zygote and warm workers.
const OWN_MEMORY: u64 = 128 << 20;

/// Where an executor would run.
pub(super) struct Surroundings {
    pub(super) kernel: String,
    pub(super) resources: Vec<Resource>,
}

/// Something that an executor needs enough of.
pub(super) struct Resource {
    kind: Kind,
    /// `None`: unlimited.
    available: Option<u64>,
    needed: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Processors,
    OpenFiles,
    Processes,
    Memory,
}

impl Surroundings {
    pub(super) fn look() -> Self {
        let usual = ExecutorConfig::new(Listen::Unix(PathBuf::new()), PathBuf::new());
        let workers = u64::from(usual.pool.capacity) + u64::from(usual.pool.idle);
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let resource = |kind, available, needed| Resource { kind, available, needed };
        Self {
            kernel: kernel(),
            resources: vec![
                resource(Kind::Processors, u64::try_from(processors).ok(), 1),
                resource(Kind::OpenFiles, soft_limit(&limits, "Max open files"), OWN_FILES + FILES_EACH * workers),
                resource(Kind::Processes, soft_limit(&limits, "Max processes"), OWN_PROCESSES + workers),
                resource(Kind::Memory, memory(), OWN_MEMORY + Limits::defaults().memory),
            ],
        }
    }
}

impl Resource {
    pub(super) fn name(&self) -> &'static str {
        match self.kind {
            Kind::Processors => "processors",
            Kind::OpenFiles => "open_files",
            Kind::Processes => "processes",
            Kind::Memory => "memory",
        }
    }

    pub(super) fn title(&self) -> &'static str {
        match self.kind {
            Kind::OpenFiles => "open files",
            _ => self.name(),
        }
    }

    pub(super) fn available(&self) -> Option<u64> {
        self.available
    }

    pub(super) fn needed(&self) -> u64 {
        self.needed
    }

    pub(super) fn is_low(&self) -> bool {
        self.available.is_some_and(|available| available < self.needed)
    }

    pub(super) fn remedy(&self) -> &'static str {
        match self.kind {
            Kind::Processors => "give the executor a processor",
            Kind::OpenFiles => {
                "raise it with ulimit -n, LimitNOFILE= in systemd or --ulimit nofile in Docker, or lower --capacity"
            }
            Kind::Processes => {
                "raise it with ulimit -u, LimitNPROC= in systemd or --ulimit nproc in Docker, or lower --capacity"
            }
            Kind::Memory => "give the container more memory, or lower --memory and --capacity",
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |number: u64| match self.kind {
            Kind::Memory => format!("{} MiB", number >> 20),
            _ => number.to_string(),
        };
        let available = self.available.map_or_else(|| "unlimited".to_owned(), number);
        match self.kind {
            Kind::Processors => formatter.write_str(&available),
            _ => write!(formatter, "{available}, {} needed", number(self.needed)),
        }
    }
}

fn kernel() -> String {
    let read = |name: &str| fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    let (kind, release) = (read("ostype"), read("osrelease"));
    match (kind.trim(), release.trim()) {
        (_, "") => "unknown".to_owned(),
        (kind, release) => format!("{kind} {release} {}", std::env::consts::ARCH),
    }
}

/// The third column of `/proc/self/limits` begins behind a name of fixed width.
fn soft_limit(limits: &str, name: &str) -> Option<u64> {
    limits.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// The least of the machine's memory and the limits of the process's control groups.
fn memory() -> Option<u64> {
    let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let kibibytes: u64 =
            text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.split_whitespace().next()?.parse().ok()?;
        Some(kibibytes * 1024)
    });
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limits = groups.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next()?, fields.next()?);
        let (mount, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            _ if controllers.split(',').any(|name| name == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => return None,
        };
        group_limit(Path::new(mount), group, file)
    });
    total.into_iter().chain(limits).min()
}

/// The least limit of a group and those above it. A container sees its own group as the root.
fn group_limit(mount: &Path, group: &str, file: &str) -> Option<u64> {
    let group = mount.join(group.trim_start_matches('/'));
    let above = group.ancestors().take_while(|path| path.starts_with(mount));
    above.filter_map(|path| fs::read_to_string(path.join(file)).ok()?.trim().parse::<u64>().ok()).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_their_lines() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max processes             unlimited            unlimited            processes \n\
                      Max open files            1024                 524288               files     \n";
        assert_eq!(soft_limit(limits, "Max open files"), Some(1024));
        assert_eq!(soft_limit(limits, "Max processes"), None);
    }

    #[test]
    fn too_little_is_low_and_says_what_to_do() {
        let files = Resource { kind: Kind::OpenFiles, available: Some(64), needed: 404 };
        assert!(files.is_low());
        assert_eq!(files.to_string(), "64, 404 needed");
        let memory = Resource { kind: Kind::Memory, available: None, needed: 384 << 20 };
        assert!(!memory.is_low());
        assert_eq!(memory.to_string(), "unlimited, 384 MiB needed");
    }
}
