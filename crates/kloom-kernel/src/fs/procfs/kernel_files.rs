//! The files of /proc that the kernel generates: version, uptime, stat, meminfo, modules, …
//!
//! Formats are those of Linux 6.1 (fs/proc/*.c, arch/x86/kernel/cpu/proc.c, kernel/irq/proc.c, kernel/module/procfs.c),
//! checked against a capture of a Debian 6.1 kernel under QEMU.

use kloom_abi::time::NSEC_PER_SEC;

use super::proc_tree::{EntryKind, ProcTree};
use crate::Kernel;
use crate::module::ModuleState;

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the files")]
pub enum KernelFile {
    Cmdline,
    Consoles,
    Cpuinfo,
    Devices,
    Filesystems,
    Interrupts,
    Kallsyms,
    Loadavg,
    Meminfo,
    Misc,
    Modules,
    Partitions,
    Schedstat,
    Softirqs,
    Stat,
    Swaps,
    Uptime,
    Version,
}

/// Nanoseconds of one unit that times are shown in (`USER_HZ` is 100).
pub(crate) const USER_TICK_NS: u64 = NSEC_PER_SEC / 100;

pub(crate) fn register(tree: &mut ProcTree) {
    use KernelFile::*;
    let files = [
        ("cmdline", Cmdline),
        ("consoles", Consoles),
        ("cpuinfo", Cpuinfo),
        ("devices", Devices),
        ("filesystems", Filesystems),
        ("interrupts", Interrupts),
        ("kallsyms", Kallsyms),
        ("loadavg", Loadavg),
        ("meminfo", Meminfo),
        ("misc", Misc),
        ("modules", Modules),
        ("partitions", Partitions),
        ("schedstat", Schedstat),
        ("softirqs", Softirqs),
        ("stat", Stat),
        ("swaps", Swaps),
        ("uptime", Uptime),
        ("version", Version),
    ];
    for (name, file) in files {
        tree.add_own(name, EntryKind::Kernel(file), 0o444);
    }
    for dir in ["bus", "driver", "fs", "irq", "sys", "sysvipc", "tty/driver"] {
        tree.add_own(dir, EntryKind::Dir(Default::default()), 0o555);
    }
    tree.add_own("mounts", EntryKind::Link("self/mounts".into()), 0o777);
}

impl Kernel {
    /// Time a CPU has idled, the present idling included.
    fn idle_ns(&self, cpu: usize) -> u64 {
        let c = &self.cpus[cpu];
        let now_ns = self.now().max(c.clock_ns);
        let since_ns = if c.current == c.idle { now_ns.saturating_sub(self.tasks[c.idle].se.exec_start_ns) } else { 0 };
        c.idle_ns + since_ns
    }

    /// Tasks that run or wait for a CPU.
    fn nr_running(&self) -> usize {
        self.tasks.iter().filter(|task| task.se.on_rq && !task.has_exited() && task.pid != 0).count()
    }

    /// Memory of the machine as /proc shows it: all of it, and what is free, in KiB.
    pub(crate) fn memory_kib(&self) -> (u64, u64) {
        // What the image of the kernel and its tables take of 512 MiB.
        let total = self.config.mem_bytes / 1024 * 481_052 / 524_288;
        let used = 26_680 + self.vfs.tmp.bytes / 1024 + self.vfs.mem_used_bytes / 1024;
        (total, total.saturating_sub(used))
    }

    /// Text of a file.
    pub(crate) fn kernel_file(&mut self, file: KernelFile) -> String {
        match file {
            KernelFile::Cmdline => format!("{}\n", self.vfs.cmdline),
            KernelFile::Consoles => "ttyS0                -W- (EC p a)    4:64\n".to_string(),
            KernelFile::Cpuinfo => {
                (0..self.cpus.len()).filter(|&cpu| self.cpu_online(cpu as u32)).map(|cpu| self.cpuinfo(cpu)).collect()
            }
            KernelFile::Devices => self.vfs.devs.proc_devices(),
            KernelFile::Filesystems => FILESYSTEMS.iter().map(|name| format!("nodev\t{name}\n")).collect(),
            KernelFile::Interrupts => self.interrupts(),
            KernelFile::Kallsyms => self.kallsyms(),
            KernelFile::Loadavg => self.loadavg(),
            KernelFile::Meminfo => self.meminfo(),
            KernelFile::Misc => {
                self.vfs.devs.misc.iter().map(|misc| format!("{:3} {}\n", misc.minor, misc.name)).collect()
            }
            KernelFile::Modules => self.proc_modules(),
            KernelFile::Partitions => String::new(),
            KernelFile::Schedstat => self.schedstat(),
            KernelFile::Softirqs => self.softirqs(),
            KernelFile::Stat => self.proc_stat(),
            KernelFile::Swaps => "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n".to_string(),
            KernelFile::Uptime => {
                let idle_ns: u64 = (0..self.cpus.len()).map(|cpu| self.idle_ns(cpu)).sum();
                let show = |ns: u64| format!("{}.{:02}", ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / USER_TICK_NS);
                format!("{} {}\n", show(self.now()), show(idle_ns))
            }
            KernelFile::Version => {
                format!("Linux version {} (kloom@localhost) (gcc) {}\n", self.config.release, self.vfs.uts_version)
            }
        }
    }

    fn loadavg(&mut self) -> String {
        self.loadavg_update();
        format!("{} {}/{} {}\n", self.vfs.load.text(), self.nr_running(), self.tasks.len(), self.tasks.last_pid())
    }

    fn proc_stat(&self) -> String {
        let ticks = |ns: u64| ns / USER_TICK_NS;
        let row = |name: String, user: u64, system: u64, idle: u64| {
            format!("{name} {} 0 {} {} 0 0 0 0 0 0\n", ticks(user), ticks(system), ticks(idle))
        };
        let sum = |f: &dyn Fn(usize) -> u64| (0..self.cpus.len()).map(f).sum::<u64>();
        let mut text = row(
            "cpu ".into(),
            sum(&|n| self.cpus[n].user_ns),
            sum(&|n| self.cpus[n].system_ns),
            sum(&|n| self.idle_ns(n)),
        );
        for (n, cpu) in self.cpus.iter().enumerate().filter(|(_, cpu)| self.cpu_online(cpu.id)) {
            text.push_str(&row(format!("cpu{n}"), cpu.user_ns, cpu.system_ns, self.idle_ns(n)));
        }
        let mut by_irq = [0u64; 24];
        for line in self.vfs.irqs.iter() {
            if let Some(count) = by_irq.get_mut(line.irq as usize) {
                *count += line.counts.iter().sum::<u64>();
            }
        }
        let all: u64 = by_irq.iter().sum::<u64>() + self.cpus.iter().map(|cpu| cpu.ticks).sum::<u64>();
        text.push_str(&format!("intr {all}"));
        for count in by_irq {
            text.push_str(&format!(" {count}"));
        }
        text.push_str(&format!("\nctxt {}\n", self.cpus.iter().map(|cpu| cpu.switches).sum::<u64>()));
        text.push_str(&format!("btime {}\n", self.clock.boot_epoch_ns / NSEC_PER_SEC as i64));
        text.push_str(&format!("processes {}\nprocs_running {}\nprocs_blocked 0\n", self.forks, self.nr_running()));
        let by_kind: Vec<u64> =
            (0..SOFTIRQS.len()).map(|kind| self.cpus.iter().map(|cpu| cpu.counts.softirqs[kind]).sum()).collect();
        text.push_str(&format!("softirq {}", by_kind.iter().sum::<u64>()));
        for count in by_kind {
            text.push_str(&format!(" {count}"));
        }
        text.push('\n');
        text
    }

    fn cpuinfo(&self, cpu: usize) -> String {
        let cores = self.cpus.len();
        format!(
            "processor\t: {cpu}\nvendor_id\t: AuthenticAMD\ncpu family\t: 15\nmodel\t\t: 107\nmodel name\t: kloom Virtual CPU\nstepping\t: 1\n\
             microcode\t: 0x1000065\ncpu MHz\t\t: 2500.000\ncache size\t: 512 KB\nphysical id\t: 0\nsiblings\t: {cores}\ncore id\t\t: {cpu}\n\
             cpu cores\t: {cores}\napicid\t\t: {cpu}\ninitial apicid\t: {cpu}\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 13\nwp\t\t: yes\n\
             flags\t\t: fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht syscall nx lm hypervisor\n\
             bugs\t\t:\nbogomips\t: 5000.00\nTLB size\t: 1024 4K pages\nclflush size\t: 64\ncache_alignment\t: 64\n\
             address sizes\t: 40 bits physical, 48 bits virtual\npower management:\n\n"
        )
    }

    fn meminfo(&self) -> String {
        let (total, free) = self.memory_kib();
        let shmem = self.vfs.tmp.bytes / 1024;
        let stacks = self.tasks.len() as u64 * 16;
        let slab = 15_420 + self.vfs.mem_used_bytes / 1024;
        let rows: [(&str, u64); 42] = [
            ("MemTotal", total),
            ("MemFree", free),
            ("MemAvailable", free.saturating_sub(204)),
            ("Buffers", 0),
            ("Cached", shmem),
            ("SwapCached", 0),
            ("Active", 2056),
            ("Inactive", 348),
            ("Active(anon)", 2056),
            ("Inactive(anon)", 348),
            ("Active(file)", 0),
            ("Inactive(file)", 0),
            ("Unevictable", 0),
            ("Mlocked", 0),
            ("SwapTotal", 0),
            ("SwapFree", 0),
            ("Dirty", 0),
            ("Writeback", 0),
            ("AnonPages", 140),
            ("Mapped", 1664),
            ("Shmem", shmem),
            ("KReclaimable", 9084),
            ("Slab", slab),
            ("SReclaimable", 9084),
            ("SUnreclaim", slab - 9084),
            ("KernelStack", stacks),
            ("PageTables", 76),
            ("SecPageTables", 0),
            ("NFS_Unstable", 0),
            ("Bounce", 0),
            ("WritebackTmp", 0),
            ("CommitLimit", total / 2),
            ("Committed_AS", 2972),
            ("VmallocTotal", 34_359_738_367),
            ("VmallocUsed", 5144),
            ("VmallocChunk", 0),
            ("Percpu", 256 * self.cpus.len() as u64),
            ("AnonHugePages", 0),
            ("ShmemHugePages", 0),
            ("ShmemPmdMapped", 0),
            ("FileHugePages", 0),
            ("FilePmdMapped", 0),
        ];
        let row = |name: &str, kib: u64| format!("{:<16}{kib:8} kB\n", format!("{name}:"));
        let mut text: String = rows.iter().map(|&(name, kib)| row(name, kib)).collect();
        for name in ["HugePages_Total:", "HugePages_Free: ", "HugePages_Rsvd: ", "HugePages_Surp: "] {
            text.push_str(&format!("{name}{:8}\n", 0));
        }
        let map_4k = 26_496;
        let all = self.config.mem_bytes / 1024;
        for (name, kib) in [
            ("Hugepagesize", 2048),
            ("Hugetlb", 0),
            ("DirectMap4k", map_4k),
            ("DirectMap2M", all.saturating_sub(map_4k + 96)),
        ] {
            text.push_str(&row(name, kib));
        }
        text
    }

    fn interrupts(&self) -> String {
        let mut text = "    ".to_string() + "       ";
        let online = || (0..self.cpus.len()).filter(|&cpu| self.cpu_online(cpu as u32));
        for cpu in online() {
            text.push_str(&format!("CPU{cpu:<8}"));
        }
        text.push('\n');
        for line in self.vfs.irqs.iter() {
            text.push_str(&format!("{:3}: ", line.irq));
            for cpu in online() {
                text.push_str(&format!("{:10} ", line.counts.get(cpu).unwrap_or(&0)));
            }
            text.push_str(&format!(" {:>8} {:3}-{:<8}  {}\n", line.chip, line.irq, line.flow, line.action));
        }
        for (name, what) in ARCH_ROWS {
            text.push_str(&format!("{name}: "));
            for cpu in online().map(|cpu| &self.cpus[cpu]) {
                let count = match name {
                    "LOC" => cpu.ticks,
                    "RES" => cpu.counts.reschedule,
                    "CAL" => cpu.counts.call,
                    "IWI" => cpu.counts.irq_work,
                    _ => 0,
                };
                text.push_str(&format!("{count:10} "));
            }
            text.push_str(&format!("  {what}\n"));
            if name == "TRM" {
                text.push_str("ERR:          0\nMIS:          0\n");
            }
        }
        text
    }

    fn softirqs(&self) -> String {
        let mut text = " ".repeat(20);
        for cpu in 0..self.cpus.len() {
            text.push_str(&format!("CPU{cpu:<8}"));
        }
        text.push('\n');
        for (row, name) in SOFTIRQS.iter().enumerate() {
            text.push_str(&format!("{name:>12}:"));
            for cpu in &self.cpus {
                text.push_str(&format!(" {:10}", cpu.counts.softirqs[row]));
            }
            text.push('\n');
        }
        text
    }

    fn schedstat(&self) -> String {
        let mut text = format!("version 15\ntimestamp {}\n", self.jiffies());
        for cpu in &self.cpus {
            text.push_str(&format!("cpu{} 0 0 0 0 0 0 {} 0 {}\n", cpu.id, cpu.user_ns + cpu.system_ns, cpu.switches));
        }
        text
    }

    /// A line for each module, as lsmod reads them.
    fn proc_modules(&self) -> String {
        let mut text = String::new();
        for module in self.modules.list.iter().filter(|module| !self.modules.hidden.contains(&module.id)) {
            let users: String = module
                .used_by
                .iter()
                .filter_map(|&id| self.modules.get(id))
                .map(|user| format!("{},", user.name))
                .collect();
            let permanent = if module.has_init && module.exit == 0 { "[permanent]," } else { "" };
            let deps =
                if users.is_empty() && permanent.is_empty() { "-".to_string() } else { format!("{users}{permanent}") };
            let refs = module.refcount();
            let mut taints = module.taints.clone();
            let state = match module.state {
                ModuleState::Live => "Live",
                ModuleState::Coming => {
                    taints.push('+');
                    "Loading"
                }
                ModuleState::Going => {
                    taints.push('-');
                    "Unloading"
                }
            };
            let taints = if taints.is_empty() { String::new() } else { format!(" ({taints})") };
            text.push_str(&format!(
                "{} {} {refs} {deps} {state} 0x{:016x}{taints}\n",
                module.name, module.size, module.base
            ));
        }
        text
    }

    fn kallsyms(&self) -> String {
        let mut text = String::new();
        for symbol in &self.vfs.kallsyms {
            text.push_str(&format!("{:016x} {} {}", symbol.addr, symbol.kind, symbol.name));
            if let Some(module) = &symbol.module {
                text.push_str(&format!("\t[{module}]"));
            }
            text.push('\n');
        }
        text
    }
}

const FILESYSTEMS: [&str; 8] = ["sysfs", "tmpfs", "proc", "devtmpfs", "debugfs", "sockfs", "pipefs", "ramfs"];

/// In the order of `enum` in include/linux/interrupt.h.
const SOFTIRQS: [&str; 10] =
    ["HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU"];

const ARCH_ROWS: [(&str, &str); 13] = [
    ("NMI", "Non-maskable interrupts"),
    ("LOC", "Local timer interrupts"),
    ("SPU", "Spurious interrupts"),
    ("PMI", "Performance monitoring interrupts"),
    ("IWI", "IRQ work interrupts"),
    ("RTR", "APIC ICR read retries"),
    ("RES", "Rescheduling interrupts"),
    ("CAL", "Function call interrupts"),
    ("TLB", "TLB shootdowns"),
    ("TRM", "Thermal event interrupts"),
    ("PIN", "Posted-interrupt notification event"),
    ("NPI", "Nested posted-interrupt event"),
    ("PIW", "Posted-interrupt wakeup event"),
];

#[cfg(test)]
mod tests {
    use crate::fs::testing::with_user;
    use crate::fs::{IrqLine, KernelSymbol};
    use crate::sched::cpu::SoftirqKind;

    #[test]
    fn formats_are_those_of_linux_6_1() {
        let (mut kernel, a) = with_user();
        kernel.cpus[0].clock_ns = 3_239_000_000;
        kernel.cpus[1].idle_ns = 1_000_000_000;
        kernel.cpus[1].ticks = 513;
        kernel.cpus[0].counts.reschedule = 7;
        kernel.cpus[1].counts.softirqs[SoftirqKind::Timer as usize] = 12;
        kernel.vfs.irqs.push(IrqLine {
            irq: 1,
            chip: "IO-APIC".into(),
            flow: "edge".into(),
            action: "i8042".into(),
            counts: vec![0, 9],
        });
        kernel.vfs.kallsyms.push(KernelSymbol {
            addr: 0xffff_ffff_c04e_d000,
            kind: 't',
            name: "th5".into(),
            module: Some("pq".into()),
        });
        let tasks = kernel.tasks.len();
        let last = kernel.tasks.last_pid();
        let whole: &[(&str, String)] = &[
            ("uptime", "3.23 7.47\n".into()),
            ("loadavg", format!("0.00 0.00 0.00 0/{tasks} {last}\n")),
            ("cmdline", "console=ttyS0 panic=-1 quiet\n".into()),
            ("kallsyms", "ffffffffc04ed000 t th5\t[pq]\n".into()),
            ("misc", "125 cpu_dma_latency\n126 userfaultfd\n231 snapshot\n183 hw_random\n127 vga_arbiter\n".into()),
            ("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n".into()),
            ("modules", String::new()),
        ];
        for (name, expected) in whole {
            assert_eq!(kernel.read_text(a, &format!("/proc/{name}")).as_ref(), Ok(expected), "{name}");
        }
        let lines: &[(&str, &str)] = &[
            ("version", "Linux version 6.1.0-kloom (kloom@localhost) (gcc) #1 SMP PREEMPT_DYNAMIC"),
            ("stat", "cpu  0 0 0 747 0 0 0 0 0 0"),
            ("stat", "cpu1 0 0 0 423 0 0 0 0 0 0"),
            ("stat", "btime 1704067200"),
            ("stat", "softirq 12 0 12 0 0 0 0 0 0 0 0"),
            ("meminfo", "MemTotal:         481052 kB"),
            ("meminfo", "MemFree:          454372 kB"),
            ("meminfo", "VmallocTotal:   34359738367 kB"),
            ("meminfo", "HugePages_Total:       0"),
            ("meminfo", "HugePages_Free:        0"),
            ("meminfo", "DirectMap4k:       26496 kB"),
            ("meminfo", "DirectMap2M:      497696 kB"),
            ("interrupts", "           CPU0       CPU1       "),
            ("interrupts", "  1:          0          9   IO-APIC   1-edge      i8042"),
            ("interrupts", "LOC:          0        513   Local timer interrupts"),
            ("interrupts", "RES:          7          0   Rescheduling interrupts"),
            ("interrupts", "ERR:          0"),
            ("softirqs", "                    CPU0       CPU1       "),
            ("softirqs", "       TIMER:          0         12"),
            ("softirqs", "     HRTIMER:          0          0"),
            ("cpuinfo", "cpu cores\t: 2"),
            ("filesystems", "nodev\tproc"),
            ("devices", "Character devices:"),
            ("devices", "136 pts"),
            ("schedstat", "version 15"),
        ];
        for (name, line) in lines {
            let text = kernel.read_text(a, &format!("/proc/{name}")).unwrap();
            assert!(text.lines().any(|found| found == *line), "{name}: no {line:?} in\n{text}");
        }
    }
}
