//! A module in Rust, inserted, left alone for an hour of virtual time, removed, and then checked under every interleaving:
//! `cargo run -p kloom-rust --example heartbeat`.

use kloom_rust::delay::fsleep;
use kloom_rust::prelude::*;
use kloom_rust::time::Delta;
use kloom_rust::{Checker, insmod};

struct Heartbeat {
    thread: Option<Thread>,
}

module! {
    type: Heartbeat,
    name: "heartbeat",
    description: "Beats once a second",
    license: "GPL",
}

impl Module for Heartbeat {
    fn init(module: &'static ThisModule) -> Result<Self> {
        pr_info!("{}: loaded\n", module.name());
        let thread = Thread::spawn(c"heartbeat", || {
            let mut beats = 0;
            while !Thread::should_stop() {
                beats += 1;
                fsleep(Delta::from_secs(1));
            }
            beats
        })?;
        Ok(Heartbeat { thread: Some(thread) })
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            match thread.stop() {
                Ok(beats) => pr_info!("heartbeat: {beats} beats\n"),
                Err(error) => pr_info!("heartbeat: never ran, {error}\n"),
            }
        }
    }
}

fn main() {
    kloom_rust::run(|| {
        let module = insmod::<Heartbeat>()?;
        for _ in 0..60 {
            fsleep(Delta::from_secs(60));
        }
        module.rmmod();
        Ok::<(), Error>(())
    });
    Checker::new().preemptions(2).executions(10_000).check(|| insmod::<Heartbeat>().map(|module| module.rmmod()));
}
