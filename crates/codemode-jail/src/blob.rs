//! Writes the settings that the zygote maps: the other end of `lockdown::settings`.

use crate::layer::LayerSet;
use crate::limits::{ADDRESS_SPACE, Ceilings, ZYGOTE_ALLOWANCE};
use crate::lockdown::settings::{Grant, Header, MAGIC, OPTIONS};

/// The header for these layers and ceilings, and a program of `program` bytes.
pub(crate) fn header(layers: LayerSet, ceilings: &Ceilings, program: usize) -> Header {
    Header {
        layers: layers.bits(),
        program: program as u64,
        data: ceilings.memory.saturating_add(ZYGOTE_ALLOWANCE),
        address_space: ceilings.memory.saturating_mul(2).saturating_add(ADDRESS_SPACE),
        cpu_seconds: ceilings.cpu_seconds,
        open_files: ceilings.open_files,
        tasks: ceilings.tasks,
        scratch: ceilings.scratch,
    }
}

/// The mount options of the scratch file system, zero-terminated and padded.
pub(crate) fn scratch_options(ceilings: &Ceilings) -> [u8; OPTIONS] {
    // tmpfs takes no zero: it would mean "no limit".
    let files = ceilings.scratch_files.max(2);
    let text = format!("size={},nr_inodes={files},mode=0700", ceilings.scratch.max(4096));
    let mut options = [0; OPTIONS];
    // Two numbers of at most 20 digits and 27 other bytes do not fit with both at their longest; such sizes do not exist.
    let length = text.len().min(OPTIONS - 1);
    options[..length].copy_from_slice(&text.as_bytes()[..length]);
    options
}

/// The whole blob.
pub(crate) fn encode(header: &Header, options: &[u8; OPTIONS], program: &[u8], paths: &[(Grant, Vec<u8>)]) -> Vec<u8> {
    let Header { layers, program: length, data, address_space, cpu_seconds, open_files, tasks, scratch } = *header;
    let words = [MAGIC, layers, length, data, address_space, cpu_seconds, open_files, tasks, scratch];
    let mut blob: Vec<u8> = words.into_iter().flat_map(u64::to_ne_bytes).collect();
    blob.extend_from_slice(options);
    blob.extend_from_slice(program);
    for (grant, path) in paths {
        blob.push(*grant as u8);
        blob.extend_from_slice(path);
        blob.push(0);
    }
    blob
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lockdown::settings::Settings;

    #[test]
    fn worker_reads_what_the_executor_wrote() {
        let ceilings = Ceilings::default();
        let header = header(LayerSet::all(), &ceilings, 16);
        let paths = [(Grant::ReadTree, b"/usr/lib/python3".to_vec()), (Grant::Device, b"/dev/null".to_vec())];
        let blob = encode(&header, &scratch_options(&ceilings), &[7; 16], &paths);
        let settings = Settings::parse(&blob).expect("a blob just written");
        assert_eq!(settings.header, header);
        assert_eq!(settings.program, [7; 16]);
        assert!(settings.options.starts_with(b"size=16777216,nr_inodes=1024,mode=0700\0"));
        let read: Vec<_> = settings.paths().collect();
        assert_eq!(
            read,
            [(Grant::ReadTree, b"/usr/lib/python3\0".as_slice()), (Grant::Device, b"/dev/null\0".as_slice())]
        );
    }

    #[test]
    fn truncated_or_foreign_settings_are_refused() {
        let ceilings = Ceilings::default();
        let blob = encode(&header(LayerSet::all(), &ceilings, 8), &scratch_options(&ceilings), &[0; 8], &[]);
        assert!((0..blob.len()).all(|length| Settings::parse(&blob[..length]).is_err()));
        let mut foreign = blob.clone();
        foreign[0] ^= 1;
        assert!(Settings::parse(&foreign).is_err());
    }
}
