//! Generates `src/generated` from `proto/`: the message and service code, and the file descriptor set that server
//! reflection and the structure snapshot read. `make gen` runs it; CI runs it and fails on a difference.
//!
//! protox compiles the `.proto` in Rust, so nobody needs `protoc`.

use std::path::Path;

use prost::Message;
use prost_build::Config;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let include = root.join("../../proto");
    let out = root.join("src/generated");
    let files = protox::compile(["codemode/v1/executor.proto"], [&include])?;

    std::fs::write(out.join("codemode.v1.bin"), files.encode_to_vec())?;

    let mut config = Config::new();
    // Values and output pass through the executor without a copy.
    config.bytes(["."]);
    tonic_prost_build::configure().out_dir(&out).compile_fds_with_config(files, config)?;
    Ok(())
}
