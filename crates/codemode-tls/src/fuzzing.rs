//! The entry point of `fuzz/`, which a test runs over its corpus. It takes any bytes and panics where an invariant fails.

use std::path::PathBuf;

use crate::{TlsFile, read_authorities, read_identity};

/// Content that no message may show.
const SECRET: &[u8] = b"s3cret";

/// A file of authorities, of a certificate, or of its key. The first two bytes choose where a secret is put into the rest.
pub fn pem(data: &[u8]) {
    let Some((&[high, low], text)) = data.split_first_chunk() else { return };
    let place = usize::from(u16::from_be_bytes([high, low])).checked_sub(1);
    let content = match place.and_then(|place| text.split_at_checked(place)) {
        Some((before, after)) => [before, SECRET, after].concat(),
        None => text.to_vec(),
    };
    // Every process and thread has a file of its own.
    let name = format!("codemode-pem-{}-{:?}", std::process::id(), std::thread::current().id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, content).expect("room for a file");
    let _removed = Removed(path.clone());
    let file = TlsFile { setting: "ca_file", path: &path };
    let messages = [read_authorities(file).map(drop), read_identity(file, file).map(drop)];
    for error in messages.into_iter().filter_map(Result::err) {
        let message = format!("{error} {error:?}");
        assert!(message.len() < 1_000 && message.is_ascii(), "{message}");
        assert!(!message.as_bytes().windows(SECRET.len()).any(|part| part == SECRET), "{message}");
    }
}

struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    #[test]
    fn corpus_of_pem_holds() {
        super::replay::replay("pem", super::pem);
    }
}
