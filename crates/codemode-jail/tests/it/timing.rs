//! tmp
use crate::harness::*;
use codemode_jail::*;
use std::time::Instant;
#[test]
fn timing() {
    for layers in [
        LayerSet::empty(),
        Profile::Container.required(),
        Profile::Standard.required(),
        Profile::Standard.required().without(Layer::WorkerNamespaces),
        Profile::Standard.required().without(Layer::Landlock),
        Profile::Standard.required().without(Layer::Seccomp),
    ] {
        let mut c = config(layers);
        c.bootstrap = c.bootstrap.replace("import _codemode_jail", "import asyncio, decimal, hashlib, logging, dataclasses, random, tempfile, uuid, datetime, concurrent.futures\nos.register_at_fork = None\nimport _codemode_jail");
        c.bootstrap = format!("import os\nos.register_at_fork = lambda **k: None\n{}", c.bootstrap);
        let t = Instant::now();
        let z = Zygote::spawn(&c).unwrap();
        let exec = t.elapsed();
        drop(z);
        let t = Instant::now();
        let mut jail = Jail::with(&c);
        let serving = t.elapsed();
        let mut v: Vec<_> = (0..200)
            .map(|_| {
                let t = Instant::now();
                let mut w = jail.worker();
                w.ready();
                let e = t.elapsed();
                w.send("");
                w.answer();
                jail.ended(&w);
                e
            })
            .collect();
        v.sort();
        println!(
            "{layers:?}\n exec {exec:?} serving {serving:?} fork->ready p50 {:?} p95 {:?} min {:?}",
            v[100], v[190], v[0]
        );
    }
}
