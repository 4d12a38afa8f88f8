//! Each `CPython` that this machine has, in the whole jail: what a program may expect of its standard library.

use std::collections::HashMap;
use std::path::Path;

use codemode_jail::{Interpreter, Layer, ZygoteConfig};

use crate::harness::{Jail, config, profiles};

/// Everything here must work under every layer at once.
const LIBRARY: &str = r"
import _ssl, _hashlib, _sqlite3, _lzma, _bz2, _decimal, _ctypes, zlib, lzma, bz2, hashlib
import asyncio, datetime, mmap, os, random, select, shutil, signal, sqlite3, ssl, tempfile, threading, time, uuid, zoneinfo
from concurrent.futures import ThreadPoolExecutor

assert lzma.decompress(lzma.compress(b'x')) == bz2.decompress(bz2.compress(b'x')) == b'x'
assert len(os.urandom(8)) == 8 and uuid.uuid4() and random.SystemRandom().random() < 1
assert hashlib.sha256(b'').hexdigest().startswith('e3b0') and ssl.OPENSSL_VERSION
assert datetime.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Oslo')).utcoffset().seconds == 7200
with mmap.mmap(-1, 8192) as m: m[:2] = b'ok'
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(0.001)
with ThreadPoolExecutor(4) as pool: assert sum(pool.map(len, ['a'] * 8)) == 8

async def main():
    reader = asyncio.create_task(asyncio.to_thread(lambda: 1))
    assert await asyncio.gather(reader, asyncio.sleep(0.001, 2)) == [1, 2]
asyncio.run(main())

with tempfile.TemporaryDirectory() as d:
    path = os.path.join(d, 'a')
    with open(path, 'w') as f: f.write('x' * 10_000); f.flush(); os.fsync(f.fileno())
    shutil.copy2(path, path + '2'); shutil.copytree(d, d + '/tree', ignore=shutil.ignore_patterns('tree')); os.rename(path, path + '3')
    os.truncate(path + '3', 5); os.symlink('a3', path + '4'); assert open(path + '4').read() == 'xxxxx'
    os.chmod(path + '3', 0o600); os.utime(path + '3'); os.link(path + '3', path + '5'); os.unlink(path + '5')
    with tempfile.NamedTemporaryFile() as t: t.write(b'1')
    with tempfile.TemporaryFile() as t: t.write(b'1')
    db = sqlite3.connect(d + '/db')
    db.execute('pragma journal_mode = wal'); db.execute('create table t (x)')
    db.executemany('insert into t values (?)', [(i,) for i in range(1000)]); db.commit(); db.execute('vacuum')
    assert db.execute('select sum(x) from t').fetchone() == (499500,)
    db.close()
assert os.listdir('/tmp') == []
answer = 'all of it works'
";

#[test]
fn standard_library_works_in_the_whole_jail_on_every_version() {
    let mut hashes = HashMap::new();
    for name in ["/usr/bin/python3", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14"] {
        let interpreter = match Interpreter::inspect(Path::new(name)) {
            Ok(interpreter) => interpreter,
            Err(error) => {
                println!("skipped {name}: {error}");
                continue;
            }
        };
        println!("{name} is {:?} at {}", interpreter.version, interpreter.executable.display());
        for layers in profiles() {
            let mut jail = Jail::with(&ZygoteConfig { python: name.into(), ..config(layers) });
            if layers.contains(Layer::WorkerNamespaces) {
                let answer = jail.answer(LIBRARY);
                assert_eq!(answer, "all of it works", "{name}");
            }
            // The hash seed is one constant, so that a replay elsewhere sees the same order of sets.
            let hash = jail.answer("answer = hash('a constant seed')");
            assert_eq!(hashes.entry(interpreter.version).or_insert_with(|| hash.clone()), &hash, "{name}");
        }
    }
    assert!(!hashes.is_empty(), "no interpreter was found");
}
