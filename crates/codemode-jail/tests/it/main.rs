//! smoke
#![expect(unsafe_code, reason = "x")]
use codemode_jail::*;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::time::Instant;

fn wait(fd: i32) {
    let mut p = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    unsafe {
        libc::poll(&mut p, 1, 5000);
    }
}

#[test]
fn smoke() {
    let python = std::env::var("PY").unwrap_or("/usr/bin/python3".into());
    let bootstrap = r#"
import _codemode_jail, os, json, sqlite3, asyncio, threading, decimal, traceback
_codemode_jail.serve()
try:
    import socket
    s = socket.socket(fileno=3)
    exec(os.environ.get('X','')or 'import os,sys;s.sendall(repr((sys.version,os.getpid(),os.getuid(),os.listdir("/tmp"),os.getcwd(),sys.path)).encode())')
except BaseException as e:
    os.write(3, traceback.format_exc().encode())
os._exit(0)
"#;
    let mut layers = LayerSet::all();
    if std::env::var("NONS").is_ok() {
        layers = Profile::Container.required();
    }
    Interpreter::inspect(python.as_ref()).unwrap();
    let t = Instant::now();
    let c = ZygoteConfig {
        python: python.into(),
        bootstrap: bootstrap.into(),
        files: vec![],
        layers,
        ceilings: Ceilings::default(),
    };
    let mut z = match Zygote::spawn(&c) {
        Ok(z) => z,
        Err(e) => {
            eprintln!("{e}: {:?} {}", e, e.remedy());
            panic!()
        }
    };
    eprintln!("spawn {:?}", t.elapsed());
    wait(z.control().as_raw_fd());
    let e = z.receive();
    eprintln!("{:?} {:?}", t.elapsed(), e);
    for i in 0..5 {
        let t = Instant::now();
        let (mine, theirs) = worker_socketpair().unwrap();
        z.fork_worker(i, theirs).unwrap();
        wait(z.control().as_raw_fd());
        let e = z.receive();
        eprintln!("{:?} {:?}", t.elapsed(), e);
        wait(mine.as_raw_fd());
        let mut b = [0; 4096];
        let n = std::fs::File::from(mine).read(&mut b);
        eprintln!("{:?} {:?} {}", t.elapsed(), n, String::from_utf8_lossy(&b[..n.as_ref().copied().unwrap_or(0)]));
        wait(z.control().as_raw_fd());
        eprintln!("{:?}", z.receive());
    }
    let mut b = [0; 4096];
    let n = unsafe { libc::read(z.stderr().as_raw_fd(), b.as_mut_ptr().cast(), 4096) };
    if n > 0 {
        eprintln!("stderr {}", String::from_utf8_lossy(&b[..n as usize]));
    }
}
