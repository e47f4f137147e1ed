//! The exported functions, one file per C header.

pub mod bug;
pub mod completion;
pub mod delay;
pub mod hrtimer;
pub mod idr;
pub mod interrupt;
pub mod kthread;
pub mod kthread_worker;
pub mod ktime;
pub mod module;
pub mod moduleparam;
pub mod mutex;
pub mod percpu;
pub mod pid;
pub mod preempt;
pub mod printk;
pub mod rcupdate;
pub mod rwsem;
pub mod sched;
pub mod semaphore;
pub mod seqlock;
pub mod signal;
pub mod random;
pub mod ratelimit;
pub mod smp;
pub mod sort;
pub mod slab;
pub mod spinlock;
pub mod swait;
pub mod timer;
pub mod uaccess;
pub mod string;
pub mod sprintf;
pub mod kstrtox;
pub mod wait;
pub mod workqueue;
pub mod cdev;
pub mod debugfs;
pub mod dev_printk;
pub mod device;
pub mod fs;
pub mod kobject;
pub mod miscdevice;
pub mod poll;
pub mod proc_fs;
pub mod seq_file;
pub mod sysfs;

use crate::export::Export;

/// All tables.
pub static ALL: &[&[Export]] = &[bug::EXPORTS, slab::EXPORTS, sort::EXPORTS, smp::EXPORTS, ratelimit::EXPORTS, random::EXPORTS, pid::EXPORTS, moduleparam::EXPORTS, module::EXPORTS, uaccess::EXPORTS, string::EXPORTS, sprintf::EXPORTS, kstrtox::EXPORTS, completion::EXPORTS, delay::EXPORTS, kthread::EXPORTS, printk::EXPORTS, sched::EXPORTS, signal::EXPORTS, hrtimer::EXPORTS, ktime::EXPORTS, mutex::EXPORTS, percpu::EXPORTS, preempt::EXPORTS, rwsem::EXPORTS, semaphore::EXPORTS, spinlock::EXPORTS, swait::EXPORTS, workqueue::EXPORTS, interrupt::EXPORTS, rcupdate::EXPORTS, seqlock::EXPORTS, dev_printk::EXPORTS, idr::EXPORTS, kthread_worker::EXPORTS, timer::EXPORTS, wait::EXPORTS, cdev::EXPORTS, debugfs::EXPORTS, device::EXPORTS, fs::EXPORTS, kobject::EXPORTS, miscdevice::EXPORTS, poll::EXPORTS, proc_fs::EXPORTS, seq_file::EXPORTS, sysfs::EXPORTS];
