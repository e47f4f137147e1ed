//! Task states, task flags, policies and priorities (`include/linux/sched.h`, Linux 6.1 values).
#![expect(missing_docs, reason = "the names are Linux's own")]

pub const TASK_RUNNING: u32 = 0;
pub const TASK_INTERRUPTIBLE: u32 = 1;
pub const TASK_UNINTERRUPTIBLE: u32 = 2;
pub const TASK_STOPPED: u32 = 4;
pub const TASK_TRACED: u32 = 8;
pub const EXIT_DEAD: u32 = 0x10;
pub const EXIT_ZOMBIE: u32 = 0x20;
pub const TASK_PARKED: u32 = 0x40;
pub const TASK_DEAD: u32 = 0x80;
pub const TASK_WAKEKILL: u32 = 0x100;
pub const TASK_WAKING: u32 = 0x200;
pub const TASK_NOLOAD: u32 = 0x400;
pub const TASK_NEW: u32 = 0x800;
pub const TASK_FREEZABLE: u32 = 0x2000;
pub const TASK_KILLABLE: u32 = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE;
pub const TASK_IDLE: u32 = TASK_UNINTERRUPTIBLE | TASK_NOLOAD;
pub const TASK_NORMAL: u32 = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;

pub const PF_IDLE: u32 = 0x0000_0002;
pub const PF_EXITING: u32 = 0x0000_0004;
pub const PF_WQ_WORKER: u32 = 0x0000_0020;
pub const PF_FORKNOEXEC: u32 = 0x0000_0040;
pub const PF_SUPERPRIV: u32 = 0x0000_0100;
pub const PF_SIGNALED: u32 = 0x0000_0400;
pub const PF_NOFREEZE: u32 = 0x0000_8000;
pub const PF_KTHREAD: u32 = 0x0020_0000;
pub const PF_RANDOMIZE: u32 = 0x0040_0000;
pub const PF_NO_SETAFFINITY: u32 = 0x0400_0000;

pub const SCHED_NORMAL: u32 = 0;
pub const SCHED_FIFO: u32 = 1;
pub const SCHED_RR: u32 = 2;
pub const SCHED_BATCH: u32 = 3;
pub const SCHED_IDLE: u32 = 5;

pub const MAX_RT_PRIO: i32 = 100;
pub const DEFAULT_PRIO: i32 = 120;
pub const MIN_NICE: i32 = -20;
pub const MAX_NICE: i32 = 19;

/// Bytes of `comm`, including the terminating NUL.
pub const TASK_COMM_LEN: usize = 16;
/// Most CPUs a machine can have: one word of cpumask.
pub const NR_CPUS: usize = 64;

/// The letter `/proc/PID/stat` and `ps` show for a task state (fs/proc/array.c, 6.1).
pub fn state_letter(state: u32, exit_state: u32) -> char {
    if exit_state & EXIT_ZOMBIE != 0 {
        return 'Z';
    }
    if exit_state & EXIT_DEAD != 0 {
        return 'X';
    }
    if state & TASK_IDLE == TASK_IDLE {
        return 'I';
    }
    match state & 0x7f {
        0 => 'R',
        s if s & TASK_INTERRUPTIBLE != 0 => 'S',
        s if s & TASK_UNINTERRUPTIBLE != 0 => 'D',
        s if s & TASK_STOPPED != 0 => 'T',
        s if s & TASK_TRACED != 0 => 't',
        s if s & TASK_PARKED != 0 => 'P',
        _ => 'R',
    }
}

/// The word `/proc/PID/status` shows beside the letter.
pub fn state_word(letter: char) -> &'static str {
    match letter {
        'R' => "running",
        'S' => "sleeping",
        'D' => "disk sleep",
        'T' => "stopped",
        't' => "tracing stop",
        'X' => "dead",
        'Z' => "zombie",
        'P' => "parked",
        _ => "idle",
    }
}

/// Load weight of a nice level (kernel/sched/core.c `sched_prio_to_weight`: each step is a factor of about 1.25).
pub fn nice_weight(nice: i32) -> u64 {
    const WEIGHTS: [u64; 40] = [
        88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501,
        1991, 1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
    ];
    WEIGHTS[(nice.clamp(MIN_NICE, MAX_NICE) - MIN_NICE) as usize]
}
