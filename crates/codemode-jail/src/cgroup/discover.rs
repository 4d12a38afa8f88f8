//! Finds the executor's own control groups in what the kernel says about mounts and membership.

use std::path::{Path, PathBuf};

use super::Hierarchy;

/// The hierarchies that might do, the better one first. Whether they can be written to, only writing shows.
pub(super) fn directories(mountinfo: &str, own: &str) -> Vec<Hierarchy> {
    let mounts: Vec<Mount<'_>> = mountinfo.lines().filter_map(Mount::parse).collect();
    let two = mounts.iter().find(|mount| mount.kind == "cgroup2").and_then(|mount| {
        let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
        mount.directory(path).map(Hierarchy::Two)
    });
    let one = |controller: &str| {
        let mount = mounts
            .iter()
            .find(|mount| mount.kind == "cgroup" && mount.options.split(',').any(|option| option == controller))?;
        let path = own.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let named = fields.next()?.split(',').any(|name| name == controller);
            fields.next().filter(|_| named)
        })?;
        mount.directory(path)
    };
    let one = one("memory").zip(one("pids")).map(|(memory, pids)| Hierarchy::One { memory, pids });
    two.into_iter().chain(one).collect()
}

/// One line of `/proc/self/mountinfo`, as far as it matters here.
struct Mount<'a> {
    root: &'a str,
    point: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(3);
        let (root, point) = (left.next()?, left.next()?);
        let mut right = right.split(' ');
        let (kind, _, options) = (right.next()?, right.next()?, right.next()?);
        Some(Self { root, point, kind, options })
    }

    /// The directory of a group, if this mount shows it.
    fn directory(&self, group: &str) -> Option<PathBuf> {
        if group.split('/').any(|part| part == "..") {
            return None;
        }
        let below = match self.root {
            "/" => group,
            root => group.strip_prefix(root)?,
        };
        Some(Path::new(self.point).join(below.trim_start_matches('/')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_found_and_the_newer_comes_first() {
        let mountinfo = "\
            30 23 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
            31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
            32 23 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n\
            33 23 0:29 / /proc rw - proc proc rw\n";
        let own = "8:pids:/\n4:memory:/a/b\n0::/user.slice\n";
        assert_eq!(
            directories(mountinfo, own),
            [
                Hierarchy::Two("/sys/fs/cgroup/unified/user.slice".into()),
                Hierarchy::One { memory: "/sys/fs/cgroup/memory/a/b".into(), pids: "/sys/fs/cgroup/pids/".into() },
            ]
        );
    }

    #[test]
    fn container_that_sees_its_own_group_as_the_root_is_found() {
        let mountinfo = "30 23 0:26 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
        assert_eq!(directories(mountinfo, "0::/docker/x/y\n"), [Hierarchy::Two("/sys/fs/cgroup/y".into())]);
        assert_eq!(directories(mountinfo, "0::/../outside\n"), []);
        assert_eq!(directories(mountinfo, "0::/elsewhere\n"), []);
    }
}
