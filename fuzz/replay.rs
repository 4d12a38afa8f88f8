//! Runs a target's entry point over its corpus, as the tests of each crate do: what a campaign found stays found.

use std::path::Path;

pub(crate) fn replay(target: &str, entry: fn(&[u8])) {
    // A crate's directory is two levels below the workspace.
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let inputs: Vec<_> = corpus.read_dir().expect("a corpus").map(|entry| entry.expect("a file").path()).collect();
    assert!(!inputs.is_empty(), "{} is empty", corpus.display());
    for input in inputs {
        // Shown where it fails.
        println!("{}", input.display());
        entry(&std::fs::read(&input).expect("a file of the corpus"));
    }
}
