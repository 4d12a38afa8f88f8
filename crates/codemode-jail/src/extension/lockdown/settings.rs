//! The lock-down's settings: one blob that the executor writes and the zygote maps.
//!
//! A header of 64-bit words, the seccomp program, then the paths a worker may read. Both ends are of one build on one
//! machine, so the words are in native order; `MAGIC` catches a blob of something else.

use super::sys;

pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"cmjail01");
/// Bytes of the scratch file system's mount options, with the terminating zero.
pub(crate) const OPTIONS: usize = 64;
const WORDS: usize = 9;

/// Bits of `layers` that a worker looks at; they are those of the crate's `Layer`.
pub(crate) mod layers {
    pub(crate) const NO_NEW_PRIVILEGES: u64 = 1 << 0;
    pub(crate) const CAPABILITIES: u64 = 1 << 1;
    pub(crate) const DESCRIPTORS: u64 = 1 << 2;
    pub(crate) const RLIMITS: u64 = 1 << 3;
    pub(crate) const SECCOMP: u64 = 1 << 4;
    pub(crate) const LANDLOCK: u64 = 1 << 5;
    pub(crate) const WORKER_NAMESPACES: u64 = 1 << 7;
    pub(crate) const UNDUMPABLE: u64 = 1 << 9;
}

/// The numbers of the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) layers: u64,
    /// Bytes of the seccomp program; eight to an instruction.
    pub(crate) program: u64,
    pub(crate) data: u64,
    pub(crate) address_space: u64,
    pub(crate) cpu_seconds: u64,
    pub(crate) open_files: u64,
    pub(crate) tasks: u64,
    /// Size of the largest file, and of the scratch file system. Zero: no scratch.
    pub(crate) scratch: u64,
}

impl Header {
    pub(crate) fn has(&self, layer: u64) -> bool {
        self.layers & layer != 0
    }

    /// A worker may write files only where a scratch file system of its own is mounted.
    pub(crate) fn has_scratch(&self) -> bool {
        self.has(layers::WORKER_NAMESPACES) && self.scratch > 0
    }
}

/// The whole blob, read in place.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    pub(crate) header: Header,
    /// Zero-terminated mount options of the scratch file system.
    pub(crate) options: &'a [u8],
    pub(crate) program: &'a [u8],
    paths: &'a [u8],
}

/// What a worker may do with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Read the files and list the directories of a tree.
    ReadTree = b'd' as isize,
    /// Read one file.
    ReadFile = b'f' as isize,
    /// Read and write one device.
    Device = b'n' as isize,
}

impl<'a> Settings<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> sys::Result<Self> {
        let mut words = [0u64; WORDS];
        let (header, rest) = bytes.split_at_checked(WORDS * 8).ok_or(sys::EINVAL)?;
        for (word, chunk) in words.iter_mut().zip(header.chunks_exact(8)) {
            *word = u64::from_ne_bytes(chunk.try_into().map_err(|_| sys::EINVAL)?);
        }
        let [magic, layers, program, data, address_space, cpu_seconds, open_files, tasks, scratch] = words;
        let (options, rest) = rest.split_at_checked(OPTIONS).ok_or(sys::EINVAL)?;
        let length = usize::try_from(program).map_err(|_| sys::EINVAL)?;
        let (code, paths) = rest.split_at_checked(length).ok_or(sys::EINVAL)?;
        if magic != MAGIC || !options.contains(&0) || length % 8 != 0 {
            return Err(sys::EINVAL);
        }
        let header = Header { layers, program, data, address_space, cpu_seconds, open_files, tasks, scratch };
        Ok(Self { header, options, program: code, paths })
    }

    /// Each path with its grant. The path's slice ends with its zero.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (Grant, &'a [u8])> + use<'a> {
        self.paths.split_inclusive(|byte| *byte == 0).filter_map(|entry| {
            let (kind, path) = entry.split_first()?;
            let grant = match kind {
                b'd' => Grant::ReadTree,
                b'f' => Grant::ReadFile,
                b'n' => Grant::Device,
                _ => return None,
            };
            path.ends_with(&[0]).then_some((grant, path))
        })
    }
}
