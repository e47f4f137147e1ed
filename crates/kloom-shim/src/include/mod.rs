//! The exported functions, one file per C header.

pub mod bug;
pub mod cdev;
pub mod completion;
pub mod cpu;
pub mod crc;
pub mod dcache;
pub mod debugfs;
pub mod delay;
pub mod dev_printk;
pub mod device;
pub mod driver;
pub mod freezer;
pub mod fs;
pub mod hrtimer;
pub mod idr;
pub mod interrupt;
pub mod ioport;
pub mod irq;
pub mod keyboard;
pub mod kobject;
pub mod kstrtox;
pub mod kthread;
pub mod kthread_worker;
pub mod ktime;
pub mod miscdevice;
pub mod mm;
pub mod module;
pub mod moduleparam;
pub mod mutex;
pub mod notifier;
pub mod percpu;
pub mod pid;
pub mod poll;
pub mod preempt;
pub mod printk;
pub mod proc_fs;
pub mod random;
pub mod ratelimit;
pub mod rcupdate;
pub mod rtmutex;
pub mod rwsem;
pub mod sched;
pub mod semaphore;
pub mod seq_file;
pub mod seqlock;
pub mod signal;
pub mod slab;
pub mod smp;
pub mod smpboot;
pub mod sort;
pub mod spinlock;
pub mod sprintf;
pub mod stop_machine;
pub mod string;
pub mod swait;
pub mod sysctl;
pub mod sysfs;
pub mod timer;
pub mod uaccess;
pub mod uio;
pub mod wait;
pub mod workqueue;

use crate::export::Export;

/// All tables.
pub static ALL: &[&[Export]] = &[
    bug::EXPORTS,
    slab::EXPORTS,
    sort::EXPORTS,
    smp::EXPORTS,
    ratelimit::EXPORTS,
    random::EXPORTS,
    pid::EXPORTS,
    moduleparam::EXPORTS,
    module::EXPORTS,
    uaccess::EXPORTS,
    uio::EXPORTS,
    crc::EXPORTS,
    dcache::EXPORTS,
    ioport::EXPORTS,
    string::EXPORTS,
    sprintf::EXPORTS,
    kstrtox::EXPORTS,
    completion::EXPORTS,
    delay::EXPORTS,
    kthread::EXPORTS,
    printk::EXPORTS,
    sched::EXPORTS,
    signal::EXPORTS,
    hrtimer::EXPORTS,
    ktime::EXPORTS,
    mutex::EXPORTS,
    percpu::EXPORTS,
    preempt::EXPORTS,
    rtmutex::EXPORTS,
    rwsem::EXPORTS,
    semaphore::EXPORTS,
    spinlock::EXPORTS,
    swait::EXPORTS,
    workqueue::EXPORTS,
    interrupt::EXPORTS,
    irq::EXPORTS,
    cpu::EXPORTS,
    stop_machine::EXPORTS,
    smpboot::EXPORTS,
    keyboard::EXPORTS,
    rcupdate::EXPORTS,
    seqlock::EXPORTS,
    dev_printk::EXPORTS,
    mm::EXPORTS,
    notifier::EXPORTS,
    idr::EXPORTS,
    kthread_worker::EXPORTS,
    timer::EXPORTS,
    wait::EXPORTS,
    cdev::EXPORTS,
    debugfs::EXPORTS,
    device::EXPORTS,
    driver::EXPORTS,
    freezer::EXPORTS,
    fs::EXPORTS,
    kobject::EXPORTS,
    miscdevice::EXPORTS,
    poll::EXPORTS,
    proc_fs::EXPORTS,
    seq_file::EXPORTS,
    sysfs::EXPORTS,
    sysctl::EXPORTS,
];
