//! What happens when module code goes wrong: KASAN-like reports that let it go on, oopses that kill its task.
//!
//! Texts follow Linux 6.1 (arch/x86/mm/fault.c, arch/x86/kernel/dumpstack.c, mm/kasan/report.c): what a real machine
//! would print also stands in the log.

use kloom_abi::signal::{SIGKILL, SIGSEGV};
use kloom_guest::arena::Bad;
use kloom_guest::hostfault::{FaultKind, HostFault, Registers};
use kloom_guest::layout::PERCPU_STRIDE;
use kloom_kernel::fault::{AccessKind, DataRace, DepLock, Fault, LockOrder, OrderKind, RaceSide};
use kloom_kernel::lock::lockdep::DepKind;
use kloom_kernel::printk::Level;
use kloom_kernel::sched::cpu::CallbackSource;
use kloom_kernel::site::{ContextKind, RawEvent};
use kloom_kernel::taint;
use kloom_kernel::task::{Service, TaskId, TaskKind};

use crate::Machine;
use crate::call;

/// What to do after a bad access was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum After {
    /// The memory is mapped guest memory: the access does no harm to kloom.
    GoOn,
    /// The task dies.
    Die,
}

impl Machine {
    /// Checks an access by a shim on the module's behalf.
    ///
    /// Heap, stack and task-struct misuse is reported and allowed (KASAN's way); what Linux would oops on is an error.
    ///
    /// # Errors
    /// The fault to oops with ([`call_oops`]).
    pub fn check_access(&mut self, addr: u64, size: u64, write: bool) -> Result<(), Fault> {
        let Err(bad) = self.arena.check_range(addr, size, write) else { return Ok(()) };
        let ip = self.kernel.here.0[0];
        let (fault, after) = self.access_fault(bad, addr, size, write, ip);
        match after {
            After::GoOn => {
                self.report_once(fault);
                Ok(())
            }
            After::Die => Err(fault),
        }
    }

    /// What a bad access is, and whether it can go on.
    pub(crate) fn access_fault(&self, bad: Bad, addr: u64, size: u64, write: bool, ip: u64) -> (Fault, After) {
        let access = if write { AccessKind::Write } else { AccessKind::Read };
        match bad {
            Bad::Null => (Fault::NullDeref { addr, size, access, ip }, After::Die),
            Bad::ErrPtr => (Fault::ErrPtrDeref { value: addr as i64, func: None, ip }, After::Die),
            Bad::Heap => match self.arena.heap.block_at(addr) {
                Some(block) if block.freed.is_some() => {
                    (Fault::HeapUseAfterFree { addr, size, access, block }, After::GoOn)
                }
                Some(block) => (Fault::HeapOutOfBounds { addr, size, access, block }, After::GoOn),
                None => (Fault::WildAccess { addr, size, access, ip }, After::Die),
            },
            Bad::Task(slot) => (Fault::TaskUseAfterFree { target: TaskId(slot), func: "" }, After::GoOn),
            Bad::Stack => (Fault::StackUseAfterFree { addr, access }, After::GoOn),
            Bad::Image => match self.module_of(addr) {
                // The code itself has gone: that it touches its variables is only the first thing that fails.
                Some((id, _)) if !self.is_loaded(addr) && self.module_of(ip).is_some_and(|(of, _)| of == id) => {
                    (self.fetch_fault(ip), After::Die)
                }
                Some((_, image)) if !self.is_loaded(addr) || !image.init_live => {
                    let module = image.module.name().unwrap_or("").to_string();
                    let init = self.is_loaded(addr);
                    (Fault::ModuleDataUseAfterFree { addr, access, module, init }, After::Die)
                }
                _ => (Fault::WildAccess { addr, size, access, ip }, After::Die),
            },
            Bad::ReadOnly => (Fault::ReadOnlyWrite { addr, ip }, After::Die),
            Bad::User => (Fault::UserAccess { addr, access, ip }, After::Die),
            Bad::Wild => (Fault::WildAccess { addr, size, access, ip }, After::Die),
        }
    }

    fn is_loaded(&self, addr: u64) -> bool {
        self.module_of(addr).is_some_and(|(id, _)| self.kernel.modules.get(id).is_some())
    }

    /// Reports a fault; the same kind at the same place only counts up.
    pub fn report_once(&mut self, fault: Fault) {
        let here = self.kernel.here.0[0];
        let same = |other: &Fault| std::mem::discriminant(other) == std::mem::discriminant(&fault);
        if let Some(report) =
            self.kernel.reports.iter_mut().rev().find(|report| report.at.trace.0[0] == here && same(&report.fault))
        {
            report.repeats += 1;
            return;
        }
        if self.faults_seen.insert((std::mem::discriminant(&fault), here)) {
            self.kasan_text(&fault);
        }
        self.kernel.report(fault);
    }

    /// KASAN's report in the log.
    fn kasan_text(&mut self, fault: &Fault) {
        let (what, access, size, addr) = match fault {
            Fault::HeapUseAfterFree { addr, size, access, .. } => ("use-after-free", *access, *size, *addr),
            Fault::HeapOutOfBounds { addr, size, access, .. } => ("slab-out-of-bounds", *access, *size, *addr),
            Fault::StackUseAfterFree { addr, access } => ("vmalloc-out-of-bounds", *access, 1, *addr),
            Fault::TaskUseAfterFree { target, .. } => {
                let addr = self.task_addr(*target);
                ("use-after-free", AccessKind::Read, 4, addr)
            }
            _ => return,
        };
        let place = self.symbolic(self.kernel.here.0[0].saturating_sub(1));
        let access = if access == AccessKind::Write { "Write" } else { "Read" };
        let current = self.kernel.current();
        let (comm, pid) = (self.kernel.tasks[current].c.comm_text(), self.kernel.tasks[current].pid);
        self.print(Level::Err, "==================================================================".into());
        self.print(Level::Err, format!("BUG: KASAN: {what} in {place}"));
        self.print(Level::Err, format!("{access} of size {size} at addr {addr:016x} by task {comm}/{pid}"));
        self.print(Level::Err, "==================================================================".into());
        self.kernel.tainted |= 1 << 5;
    }

    pub(crate) fn task_addr(&self, id: TaskId) -> u64 {
        self.arena.base() + kloom_guest::layout::TASKS + u64::from(id.0) * kloom_guest::layout::TASK_STRIDE
    }

    /// Prints a line to the log.
    pub(crate) fn print(&mut self, level: Level, text: String) {
        self.kernel.printk(level, text);
    }

    /// The CPU to which an address belongs, if it is of a variable of which every CPU has its own.
    pub fn percpu_owner(&self, addr: u64) -> Option<u32> {
        let (first, stride) = match self.arena.heap.block_at(addr) {
            Some(block) if block.kind == "percpu" => (block.addr, PERCPU_STRIDE),
            _ => self.module_of(addr)?.1.percpu,
        };
        let cpu = addr.checked_sub(first)?.checked_div(stride)?;
        (cpu < self.kernel.cpus.len() as u64).then_some(cpu as u32)
    }

    /// Reports a data race, as KCSAN does (kernel/kcsan/report.c, 6.1).
    pub fn report_race(&mut self, race: DataRace) {
        const RULE: &str = "==================================================================";
        let function = |machine: &Machine, side: &RaceSide| {
            let place = machine.symbolic(side.at.trace.0[0]);
            let name = place.split('+').next().unwrap_or("").to_string();
            match place.rsplit_once(' ') {
                Some((_, module)) => format!("{name} {module}"),
                None => name,
            }
        };
        if race.second.frees {
            // KASAN sees the access after the free, not this order.
            let at = race.second.at;
            self.kernel.report_at(Fault::DataRace(Box::new(race)), at);
            return;
        }
        let (one, other) = (function(self, &race.first), function(self, &race.second));
        self.print(Level::Err, RULE.into());
        self.print(Level::Err, format!("BUG: KCSAN: data-race in {one} / {other}"));
        self.print(Level::Err, String::new());
        for side in [&race.first, &race.second] {
            let kind = if side.write { "write" } else { "read" };
            let marked = if side.marked { " (marked)" } else { "" };
            let who = match side.at.context {
                ContextKind::Task => format!("task {}", side.at.pid),
                _ => "interrupt".to_string(),
            };
            let (addr, size, cpu) = (side.addr, side.size, side.at.cpu);
            self.print(Level::Err, format!("{kind}{marked} to {addr:#018x} of {size} bytes by {who} on cpu {cpu}:"));
            let place = self.symbolic(side.at.trace.0[0]);
            self.print(Level::Err, format!(" {place}"));
            self.print(Level::Err, String::new());
        }
        let at = race.second.at;
        let end = at.comm.iter().position(|&byte| byte == 0).unwrap_or(at.comm.len());
        let comm = String::from_utf8_lossy(&at.comm[..end]).into_owned();
        let (taint, release) = (self.kernel.taint_text(), self.kernel.config.release.clone());
        self.print(Level::Err, "Reported by Kernel Concurrency Sanitizer on:".into());
        self.print(Level::Err, format!("CPU: {} PID: {} Comm: {comm} {taint} {release} #1", at.cpu, at.pid));
        self.print(Level::Err, "Hardware name: kloom simulated machine".into());
        self.print(Level::Err, RULE.into());
        self.kernel.report_at(Fault::DataRace(Box::new(race)), at);
    }

    /// Reports lock orders that lockdep found, with the head of what it prints (kernel/locking/lockdep.c, 6.1). A kernel
    /// tainted by a proprietary module has it switched off.
    #[cold]
    pub(crate) fn report_lock_orders(&mut self) {
        for order in std::mem::take(&mut self.kernel.lockdep.found) {
            if self.kernel.tainted & (1 << taint::PROPRIETARY_MODULE) == 0 {
                self.print_lock_order(&order);
            }
            self.kernel.report(Fault::LockOrder(Box::new(order)));
        }
    }

    fn print_lock_order(&mut self, order: &LockOrder) {
        let (headline, rule) = match order.kind {
            OrderKind::Circle => (
                "possible circular locking dependency detected",
                "======================================================",
            ),
            OrderKind::Recursive => {
                ("possible recursive locking detected", "============================================")
            }
            OrderKind::Inconsistent { .. } => ("inconsistent lock state", "================================"),
            OrderKind::Inversion { .. } => (
                "possible irq lock inversion dependency detected",
                "========================================================",
            ),
        };
        let current = self.kernel.current();
        let (comm, pid) = (self.kernel.tasks[current].c.comm_text(), self.kernel.tasks[current].pid);
        let (taint, release) = (self.kernel.taint_text(), self.kernel.config.release.clone());
        self.print(Level::Warning, rule.into());
        self.print(Level::Warning, format!("WARNING: {headline}"));
        self.print(Level::Warning, format!("{release} #1 {taint}"));
        self.print(Level::Warning, "-".repeat(rule.len()));
        let Some(edge) = order.edges.last() else { return };
        let place = |machine: &Machine, lock: &DepLock, at: &RawEvent| {
            let name = machine.object_name(lock.addr);
            let name = match lock.kind {
                DepKind::Lock(_) => name,
                DepKind::Work => format!("(work_completion)(&{name})"),
                DepKind::Timer => format!("(&{name})"),
                DepKind::Thread => format!("(kthread)({comm})"),
            };
            format!("{:016x} ({name}), at: {}", lock.addr, machine.symbolic(at.trace.0[0]))
        };
        let wanted = place(self, &edge.wanted, &edge.wanted_at);
        let held = place(self, &edge.held, &edge.held_at);
        match order.kind {
            OrderKind::Circle | OrderKind::Recursive => {
                self.print(Level::Warning, format!("{comm}/{pid} is trying to acquire lock:"));
                self.print(Level::Warning, wanted);
                self.print(Level::Warning, String::new());
                self.print(Level::Warning, "but task is already holding lock:".into());
                self.print(Level::Warning, held);
                if order.kind == OrderKind::Circle {
                    self.print(Level::Warning, String::new());
                    self.print(Level::Warning, "which lock already depends on the new lock.".into());
                }
            }
            OrderKind::Inconsistent { hard } | OrderKind::Inversion { hard } => {
                let context = if hard { "HARDIRQ" } else { "SOFTIRQ" };
                self.print(Level::Warning, format!("inconsistent {{{context}-ON-W}} -> {{IN-{context}-W}} usage."));
                self.print(Level::Warning, format!("{comm}/{pid} takes:"));
                self.print(Level::Warning, wanted);
                self.print(Level::Warning, format!("{{{context}-ON-W}} state was registered at:"));
                self.print(Level::Warning, held);
            }
        }
    }

    /// `name+0x12/0x40 [module]` for an address in module code, the bare address otherwise (`%pS`).
    pub fn symbolic(&self, addr: u64) -> String {
        // A kernel function that a file operation is: the thunk, or the address behind its first byte.
        if let Some((_, image)) = self.module_of(addr)
            && let Some(name) = image.thunk_name(addr).or_else(|| image.thunk_name(addr - 1))
        {
            return format!("{name}+0x0/0x0");
        }
        let Some((_, module, section, offset)) = self.locate(addr) else { return format!("{addr:#x}") };
        let name = module.name().unwrap_or("").to_string();
        match module.symbolizer().resolve(section, offset) {
            Some(symbol) => format!("{}+{:#x}/{:#x} [{name}]", symbol.name, symbol.offset, symbol.size),
            None => format!("{addr:#x} [{name}]"),
        }
    }

    /// The task behind a pointer a module passed to `func`.
    ///
    /// # Errors
    /// Use after free, NULL, an error pointer, or no task at all.
    pub fn task_from(&mut self, addr: u64, func: &'static str) -> Result<TaskId, Fault> {
        let ip = self.kernel.here.0[0];
        if let Some(slot) = self.arena.task_slot(addr) {
            let id = TaskId(slot);
            if self.kernel.tasks.get(id).is_some() {
                self.kernel.touched.note_changed(addr);
                return Ok(id);
            }
            if self.kernel.tasks.tombstone(id).is_some() {
                return Err(Fault::TaskUseAfterFree { target: id, func });
            }
        }
        if addr > u64::MAX - 4096 {
            return Err(Fault::ErrPtrDeref { value: addr as i64, func: Some(func), ip });
        }
        let size = 4;
        let offset = TASK_USAGE_OFFSET;
        let bad = self.arena.check(addr.wrapping_add(offset), size, true).err().unwrap_or(Bad::Wild);
        let (fault, _) = self.access_fault(bad, addr.wrapping_add(offset), size, true, ip);
        Err(fault)
    }

    /// Reports a sleep where none may be (`might_sleep()`, or `schedule()` itself).
    pub(crate) fn might_sleep(&mut self, func: &'static str, scheduling: bool) {
        let current = self.kernel.current();
        if !self.kernel.is_atomic() && !self.kernel.rcu_read_lock_held(current) {
            return;
        }
        let (count, irqs_off) = (self.kernel.preempt_count(), self.kernel.irqs_disabled());
        let task = &self.kernel.tasks[current];
        let (comm, pid) = (task.c.comm_text(), task.pid);
        let (since, held) = (task.preempt_site, task.held.clone());
        let fault = Fault::SleepInAtomic { func, preempt_count: count, irqs_off, since, held, scheduling };
        if scheduling {
            self.print_scheduling_while_atomic();
        } else {
            let (file, line) = self.here_file_line();
            self.print(Level::Err, format!("BUG: sleeping function called from invalid context at {file}:{line}"));
            let in_atomic = u32::from(count != 0);
            let irqs = u32::from(irqs_off);
            self.print(
                Level::Err,
                format!("in_atomic(): {in_atomic}, irqs_disabled(): {irqs}, non_block: 0, pid: {pid}, name: {comm}"),
            );
        }
        let here = self.kernel.here.0[0];
        let seen = self
            .kernel
            .reports
            .iter()
            .any(|report| matches!(report.fault, Fault::SleepInAtomic { .. }) && report.at.trace.0[0] == here);
        if !seen {
            self.kernel.report(fault);
        }
    }

    /// What `schedule()` says when the current task may not sleep (`__schedule_bug()`, kernel/sched/core.c, 6.1).
    pub fn print_scheduling_while_atomic(&mut self) {
        let task = &self.kernel.tasks[self.kernel.current()];
        // It has disabled preemption itself when it looks.
        let (comm, pid, count) = (task.c.comm_text(), task.pid, self.kernel.preempt_count() + 1);
        self.print(Level::Err, format!("BUG: scheduling while atomic: {comm}/{pid}/0x{count:08x}"));
        let linked = self.kernel.modules_linked_in();
        self.print(Level::Err, linked);
        self.print_stack();
        self.kernel.tainted |= 1 << taint::WARN;
    }

    /// File and line of the module code that called.
    pub(crate) fn here_file_line(&self) -> (String, u32) {
        let ip = self.kernel.here.0[0].saturating_sub(1);
        let frame = self
            .locate(ip)
            .and_then(|(_, module, section, offset)| module.lines().frames(section, offset).into_iter().next());
        match frame {
            Some(frame) => {
                let file = frame.file.clone().unwrap_or_default().to_string();
                (file.strip_prefix("./").unwrap_or(&file).to_string(), frame.line.unwrap_or(0))
            }
            None => (String::from("?"), 0),
        }
    }

    /// Prints the oops for `fault`, reports it and ends the running task (or the machine, in interrupt context).
    /// The coroutine must not run again.
    pub fn oops(&mut self, fault: Fault, regs: Option<Registers>) {
        let mut func = callee(&fault);
        // A worker stumbles over a work that is gone before any module code runs.
        let worker = self.kernel.tasks[self.kernel.current()].service == Some(Service::Worker);
        if func.is_none() && regs.is_none() && worker && self.kernel.here.0[0] == 0 && executed(&fault).is_none() {
            func = Some("process_one_work");
        }
        self.oops_in(fault, regs, func);
    }

    /// As [`Machine::oops`], in the kernel's function `func` that the module called.
    pub fn oops_in(&mut self, fault: Fault, regs: Option<Registers>, func: Option<&'static str>) {
        // Data that is there is no code either: its pages are not executable.
        let present = executed(&fault).is_some_and(|addr| addr >= 4096 && self.arena.check(addr, 1, false).is_ok());
        let title = oops_title(&fault, present);
        for line in title {
            self.print(Level::Alert, line);
        }
        self.oops_body(&fault, regs, func);
        // The overflow of a stack is noticed in the double fault, which counts as an interrupt.
        let in_irq = self.kernel.context_kind() != ContextKind::Task || matches!(fault, Fault::StackOverflow { .. });
        let trapped = is_trap(&fault);
        let faulted = !trapped && page_fault_address(&fault).is_some();
        let current = self.kernel.current();
        let idle = matches!(self.kernel.tasks[current].kind, TaskKind::Idle);
        self.kernel.report(fault);
        self.kernel.tainted |= 1 << taint::DIE;
        if in_irq || idle {
            self.kernel.panicked = true;
            self.print(Level::Emerg, "Kernel panic - not syncing: Fatal exception in interrupt".into());
            return;
        }
        // kernel/exit.c: make_task_dead(). A page fault leaves interrupts off.
        let task = &self.kernel.tasks[current];
        let (comm, pid, count) = (task.c.comm_text(), task.pid, task.preempt_count);
        if faulted || task.irqs_off {
            self.print(Level::Info, format!("note: {comm}[{pid}] exited with irqs disabled"));
        }
        if count != 0 {
            self.print(Level::Info, format!("note: {comm}[{pid}] exited with preempt_count {count}"));
        }
        // A page fault ends the task by SIGKILL; what `die()` handles, by SIGSEGV (arch/x86/kernel/dumpstack.c).
        self.kill_current(if trapped { SIGSEGV } else { SIGKILL });
    }

    /// Ends the current task as `make_task_dead()` does: locks stay locked, nothing is freed.
    pub(crate) fn kill_current(&mut self, signal: i32) {
        let current = self.kernel.current();
        let task = &mut self.kernel.tasks[current];
        task.held.clear();
        task.preempt_count = 0;
        task.irqs_off = false;
        if task.kthread().is_some() {
            self.kernel.kthread_exit(current, i64::from(signal));
        } else {
            self.kernel.do_exit(current, signal);
        }
    }

    fn oops_body(&mut self, fault: &Fault, regs: Option<Registers>, func: Option<&'static str>) {
        let current = self.kernel.current();
        let cpu = self.kernel.this_cpu;
        let (comm, pid) = (self.kernel.tasks[current].c.comm_text(), self.kernel.tasks[current].pid);
        let taint = self.kernel.taint_text();
        let release = self.kernel.config.release.clone();
        let mut regs = regs.unwrap_or_else(|| self.call_registers());
        let ip = regs.rip;
        if matches!(fault, Fault::ModuleTextGone { .. }) {
            // A call of the kernel returned there, which may leave anything in these.
            regs = Registers { rcx: 0, rdx: 0, rsi: 0, rdi: 0, r8: 0, r9: 0, r10: 0, r11: 0, ..regs };
        }
        self.print(Level::Warning, format!("CPU: {cpu} PID: {pid} Comm: {comm} {taint} {release} #1"));
        self.print(Level::Warning, "Hardware name: kloom simulated machine".into());
        self.print_worker_info();
        // What the module gave the kernel a bad pointer for faults in the kernel's own function, which the module's frame
        // called; code that is not there has no name.
        let (place, shown) = match (func, executed(fault)) {
            (Some(func), _) => (format!("{func}+0x0/0x0"), 0),
            (None, Some(addr)) if addr < 4096 => (format!("{addr:#x}"), 0),
            (None, Some(addr)) if self.is_loaded(addr) => (self.symbolic(addr), addr),
            (None, Some(addr)) => (format!("{addr:#018x}"), 0),
            (None, None) => (self.symbolic(ip), ip),
        };
        let code = func.is_none().then_some(ip);
        let address = page_fault_address(fault).filter(|_| !is_trap(fault));
        self.print_registers(&place, code, &regs, address.unwrap_or(0));
        // From a place that is no code the frames can only be guessed; NULL is taken as a call by the last one.
        let guessed = func.is_none() && executed(fault).is_some_and(|addr| addr >= 4096);
        self.print_frames(shown, guessed, func);
        let linked = self.kernel.modules_linked_in();
        self.print(Level::Warning, linked);
        if let Some(addr) = address {
            self.print(Level::Warning, format!("CR2: {addr:016x}"));
        }
        self.print(Level::Warning, "---[ end trace 0000000000000000 ]---".into());
        // Once more, so that the end of a cut-off log shows it (oops_end(), arch/x86/kernel/dumpstack.c).
        self.print_registers(&place, code, &regs, address.unwrap_or(0));
    }

    /// `Code:`: the bytes around the instruction, or why there are none.
    fn code_line(&self, ip: u64) -> String {
        let start = ip.wrapping_sub(CODE_BEFORE);
        let mut bytes = [0u8; CODE_BYTES];
        let live = self.is_loaded(ip) && self.is_loaded(start) && self.is_loaded(start + CODE_BYTES as u64);
        if !live || self.arena.read(start, &mut bytes).is_err() {
            return format!("Code: Unable to access opcode bytes at {start:#x}.");
        }
        let shown = bytes.iter().zip(0..).map(|(byte, offset)| match offset {
            CODE_BEFORE => format!(" <{byte:02x}>"),
            _ => format!(" {byte:02x}"),
        });
        shown.fold(String::from("Code:"), |text, byte| text + &byte)
    }

    /// The block of registers of an oops or a warning. There are no segments and page tables: what is shown of them is
    /// what an idle 64-bit kernel has.
    pub(crate) fn print_registers(&mut self, place: &str, code: Option<u64>, regs: &Registers, cr2: u64) {
        self.print_short_registers(place, code, regs);
        let lines = [
            "FS:  0000000000000000(0000) GS:0000000000000000(0000) knlGS:0000000000000000".into(),
            "CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033".into(),
            format!("CR2: {cr2:016x} CR3: 0000000000000000 CR4: 00000000003006b0"),
        ];
        for line in lines {
            self.print(Level::Warning, line);
        }
    }

    /// `RIP:` to `R15:`. The kernel's own functions have no instructions here, so there is no `code` to show of them.
    fn print_short_registers(&mut self, place: &str, code: Option<u64>, regs: &Registers) {
        self.print(Level::Warning, format!("RIP: 0010:{place}"));
        if let Some(ip) = code {
            let line = self.code_line(ip);
            self.print(Level::Warning, line);
        }
        let lines = [
            format!("RSP: 0018:{:016x} EFLAGS: {:08x}", regs.rsp, regs.eflags & !ARITHMETIC_FLAGS | ZERO_FLAGS),
            format!("RAX: {:016x} RBX: {:016x} RCX: {:016x}", regs.rax, regs.rbx, regs.rcx),
            format!("RDX: {:016x} RSI: {:016x} RDI: {:016x}", regs.rdx, regs.rsi, regs.rdi),
            format!("RBP: {:016x} R08: {:016x} R09: {:016x}", regs.rbp, regs.r8, regs.r9),
            format!("R10: {:016x} R11: {:016x} R12: {:016x}", regs.r10, regs.r11, regs.r12),
            format!("R13: {:016x} R14: {:016x} R15: {:016x}", regs.r13, regs.r14, regs.r15),
        ];
        for line in lines {
            self.print(Level::Warning, line);
        }
    }

    /// Registers as far as a call into the kernel knows them.
    pub(crate) fn call_registers(&self) -> Registers {
        let ctx = self.ctx();
        let site = self.kernel.here.0[0];
        let rbp = if site == ctx.call_site.get() { ctx.fp.get() } else { 0 };
        // The call itself: behind one that does not return, another function may begin.
        let rip = site.saturating_sub(CALL_BYTES);
        Registers { rip, rsp: ctx.sp.get() + 8, rbp, eflags: 0x246, ..Registers::default() }
    }

    /// `Call Trace:` by name, module frames and what is below them. The frame of `shown`, which `RIP:` has told, is left
    /// out, and so are those of modules that are gone.
    pub(crate) fn print_call_trace(&mut self, shown: u64) {
        self.print_frames(shown, false, None);
    }

    /// What the running worker works on (`print_worker_info()`, kernel/workqueue.c, 6.1).
    pub(crate) fn print_worker_info(&mut self) {
        let job = self.kernel.workqueues.job_of(self.kernel.current());
        let Some((_, func, _, queue)) = job.filter(|&(_, func, ..)| func != 0) else { return };
        let name = self.kernel.workqueues.name_of(queue).unwrap_or_default();
        let shown = match self.symbolic(func).split_once('+') {
            Some((symbol, rest)) if self.is_loaded(func) => {
                format!("{symbol}{}", rest.find(' ').map_or("", |space| &rest[space..]))
            }
            _ => format!("{func:#018x}"),
        };
        self.print(Level::Warning, format!("Workqueue: {name} {shown}"));
    }

    /// As [`Machine::print_call_trace`], in the kernel's function `func`; `guessed` frames carry a question mark. An interrupt has a stack of its own, with
    /// what it interrupted below.
    fn print_frames(&mut self, shown: u64, guessed: bool, func: Option<&str>) {
        self.print(Level::Warning, "Call Trace:".into());
        let mut frames: Vec<u64> = self.kernel.here.ips().collect();
        if shown != 0 && frames.first().is_some_and(|&first| (shown..=shown + CALL_BYTES).contains(&first)) {
            frames.remove(0);
        }
        frames.retain(|&ip| self.is_loaded(ip.saturating_sub(1)));
        let frames: Vec<String> = frames.into_iter().map(|ip| self.symbolic(ip.saturating_sub(1))).collect();
        let context = self.kernel.context_kind();
        let current = self.kernel.current();
        // Softirqs in a thread of their own interrupt nothing.
        let of_thread = self.kernel.tasks[current].service == Some(Service::Softirq);
        let interrupted = context != ContextKind::Task && !of_thread;
        if interrupted {
            self.print(Level::Warning, " <IRQ>".into());
            self.print_stack_part(frames.iter().map(String::as_str), guessed);
            let below = self.interrupt_frames(context);
            self.print_stack_part(callers(&below, func).iter().copied(), guessed);
            self.print(Level::Warning, " </IRQ>".into());
        }
        self.print(Level::Warning, " <TASK>".into());
        if !interrupted {
            self.print_stack_part(frames.iter().map(String::as_str), guessed);
        } else {
            self.print_stack_part(std::iter::once("asm_sysvec_apic_timer_interrupt+0x16/0x20"), guessed);
        }
        let of_worker = self.kernel.tasks[current].service == Some(Service::Worker);
        let tail: Vec<&str> = match &self.kernel.tasks[current].kind {
            TaskKind::System if of_thread => {
                let own = ["handle_softirqs+0xd7/0x280", "run_ksoftirqd+0x2a/0x40", "smpboot_thread_fn+0x183/0x220"];
                [&own[..], &KTHREAD].concat()
            }
            TaskKind::System if of_worker => {
                [&["process_one_work+0x1c7/0x380", "worker_thread+0x4d/0x380"][..], &KTHREAD].concat()
            }
            TaskKind::Kthread(_) => KTHREAD.to_vec(),
            TaskKind::User(_) => vec!["do_syscall_64+0x55/0xb0", "entry_SYSCALL_64_after_hwframe+0x6e/0xd8"],
            TaskKind::Idle => {
                if !guessed {
                    // The registers at the interrupt: of a CPU that halts, nothing of interest.
                    let regs = Registers { eflags: 0x246, ..Registers::default() };
                    self.print_short_registers("native_safe_halt+0xb/0x10", None, &regs);
                }
                vec!["default_idle_call+0x38/0xf0", "do_idle+0x206/0x2b0", "cpu_startup_entry+0x26/0x30"]
            }
            TaskKind::System => Vec::new(),
        };
        self.print_stack_part(callers(&tail, func).iter().copied(), guessed);
        self.print(Level::Warning, " </TASK>".into());
    }

    fn print_stack_part<'f>(&mut self, frames: impl Iterator<Item = &'f str>, guessed: bool) {
        for frame in frames {
            let mark = if guessed && !frame.starts_with("? ") { "? " } else { "" };
            self.print(Level::Warning, format!(" {mark}{frame}"));
        }
    }

    /// The kernel's functions below a module's callback in an interrupt.
    fn interrupt_frames(&self, context: ContextKind) -> Vec<&'static str> {
        let frame = self.kernel.cpus[self.kernel.this_cpu as usize].irq_frames.last();
        let from: &[&str] = match (context, frame.map(|frame| frame.callback.source)) {
            (ContextKind::Softirq, Some(CallbackSource::Timer(_))) => {
                &["call_timer_fn+0x27/0x130", "__run_timers+0x222/0x2c0", "run_timer_softirq+0x19/0x30"]
            }
            (_, Some(CallbackSource::HrTimer(_))) => {
                &["__hrtimer_run_queues+0x112/0x2b0", "hrtimer_interrupt+0xfe/0x220"]
            }
            _ => &[],
        };
        let below: &[&str] = match context {
            ContextKind::Softirq => &["handle_softirqs+0xd7/0x280", "__irq_exit_rcu+0xac/0xe0"],
            _ => &[],
        };
        from.iter().chain(below).copied().chain(["sysvec_apic_timer_interrupt+0x6e/0x90"]).collect()
    }

    /// A host fault ended the running coroutine: turns it into the module's fault and oopses.
    pub(crate) fn host_fault(&mut self, fault: &HostFault) {
        self.kernel.here = kloom_kernel::site::Trace(fault.trace);
        let ip = fault.regs.rip;
        let what = match fault.kind {
            // The session makes the task keep its CPU; the watchdog tells the rest when its time has come.
            FaultKind::Lockup => return,
            FaultKind::Divide => Fault::DivideError { ip },
            FaultKind::InvalidOpcode | FaultKind::Breakpoint => Fault::InvalidOpcode { ip },
            FaultKind::GeneralProtection => Fault::GeneralProtection { ip },
            FaultKind::Page { addr, fetch: true, .. } => self.fetch_fault(addr),
            FaultKind::Page { addr, write, .. } => {
                let ctx = self.ctx();
                let floor = ctx.stack_floor.get();
                if addr < floor && floor - addr < kloom_guest::layout::STACK_SLOT {
                    Fault::StackOverflow { ip, used: ctx.stack_top.get() - addr }
                } else {
                    let bad = self.arena.check(addr, 1, write).err().unwrap_or(Bad::Wild);
                    self.access_fault(bad, addr, 1, write, ip).0
                }
            }
        };
        self.oops(what, Some(fault.regs));
    }

    /// Module code jumped to `addr`, where no code is.
    fn fetch_fault(&self, addr: u64) -> Fault {
        if let Some((id, image)) = self.module_of(addr) {
            let module = image.module.name().unwrap_or("").to_string();
            let unloaded = self.kernel.modules.unloaded.iter().rev().find(|gone| gone.id == id).map(|gone| gone.at);
            if let Some(unloaded) = unloaded {
                return Fault::ModuleTextGone { ip: addr, module, unloaded };
            }
            // A variable that is there, but no code.
            if self.arena.check(addr, 1, false).is_ok() {
                return Fault::WildAccess { addr, size: 1, access: AccessKind::Execute, ip: addr };
            }
            return Fault::ModuleDataUseAfterFree { addr, access: AccessKind::Execute, module, init: true };
        }
        if addr < 4096 {
            return Fault::NullDeref { addr, size: 1, access: AccessKind::Execute, ip: addr };
        }
        Fault::WildAccess { addr, size: 1, access: AccessKind::Execute, ip: addr }
    }
}

/// Offset of the reference count in `task_struct`, the first member most functions touch.
const TASK_USAGE_OFFSET: u64 = std::mem::offset_of!(kloom_abi::TaskStruct, usage) as u64;

/// Bytes of code that an oops shows, and how many of them lie before the instruction.
const CODE_BYTES: usize = 64;
const CODE_BEFORE: u64 = 42;

/// CF, PF, AF, ZF, SF and OF: the hooks of the compiler leave anything in them.
const ARITHMETIC_FLAGS: u64 = 0x8d5;
/// PF and ZF, shown instead.
const ZERO_FLAGS: u64 = 0x44;

/// Length of a `call` of an exported function.
const CALL_BYTES: u64 = 5;

/// The address whose access faulted, for what Linux tells as a page fault.
fn page_fault_address(fault: &Fault) -> Option<u64> {
    match fault {
        Fault::NullDeref { addr, .. }
        | Fault::WildAccess { addr, .. }
        | Fault::ModuleDataUseAfterFree { addr, .. }
        | Fault::ReadOnlyWrite { addr, .. }
        | Fault::UserAccess { addr, .. } => Some(*addr),
        Fault::ErrPtrDeref { value, .. } => Some(*value as u64),
        Fault::ModuleTextGone { ip, .. } => Some(*ip),
        _ => None,
    }
}

/// The first lines of an oops; `present` tells of what was run that it is memory, only no code.
fn oops_title(fault: &Fault, present: bool) -> Vec<String> {
    let access_line = |access: AccessKind, present: bool| {
        let word = match access {
            AccessKind::Read => "read access",
            AccessKind::Write => "write access",
            AccessKind::Execute => "instruction fetch",
        };
        let code = u32::from(access == AccessKind::Write) * 2
            + u32::from(access == AccessKind::Execute) * 16
            + u32::from(present);
        let why = if present { "permissions violation" } else { "not-present page" };
        vec![format!("#PF: supervisor {word} in kernel mode"), format!("#PF: error_code(0x{code:04x}) - {why}")]
    };
    let with = |first: String, rest: Vec<String>, code: &str| {
        let mut lines = vec![first];
        lines.extend(rest);
        lines.push("PGD 0 P4D 0 ".to_string());
        lines.push(format!("Oops: {code} [#1] PREEMPT SMP NOPTI"));
        lines
    };
    match fault {
        Fault::NullDeref { addr, access, .. } => with(
            format!("BUG: kernel NULL pointer dereference, address: {addr:016x}"),
            access_line(*access, false),
            code(*access, false),
        ),
        Fault::ErrPtrDeref { value, .. } => with(
            format!("BUG: unable to handle page fault for address: {:016x}", *value as u64),
            access_line(AccessKind::Read, false),
            "0000",
        ),
        Fault::WildAccess { addr, access, .. } if !is_canonical(*addr) && *access != AccessKind::Execute => {
            vec![format!(
                "general protection fault, probably for non-canonical address {addr:#x}: 0000 [#1] PREEMPT SMP NOPTI"
            )]
        }
        Fault::WildAccess { addr, access: AccessKind::Execute, .. } if present => {
            let mut lines = with(
                format!("BUG: unable to handle page fault for address: {addr:016x}"),
                access_line(AccessKind::Execute, true),
                code(AccessKind::Execute, true),
            );
            lines.insert(0, "kernel tried to execute NX-protected page - exploit attempt? (uid: 0)".to_string());
            lines
        }
        Fault::WildAccess { addr, access, .. } | Fault::ModuleDataUseAfterFree { addr, access, .. } => with(
            format!("BUG: unable to handle page fault for address: {addr:016x}"),
            access_line(*access, false),
            code(*access, false),
        ),
        Fault::ModuleTextGone { ip, .. } => with(
            format!("BUG: unable to handle page fault for address: {ip:016x}"),
            access_line(AccessKind::Execute, false),
            "0010",
        ),
        Fault::ReadOnlyWrite { addr, .. } => with(
            format!("BUG: unable to handle page fault for address: {addr:016x}"),
            access_line(AccessKind::Write, true),
            "0003",
        ),
        Fault::UserAccess { addr, access, .. } => with(
            format!("BUG: unable to handle page fault for address: {addr:016x}"),
            access_line(*access, true),
            code(*access, true),
        ),
        Fault::DivideError { .. } => vec!["divide error: 0000 [#1] PREEMPT SMP NOPTI".to_string()],
        Fault::InvalidOpcode { .. } => vec!["invalid opcode: 0000 [#1] PREEMPT SMP NOPTI".to_string()],
        Fault::Bug { file, line, .. } => {
            vec![
                "------------[ cut here ]------------".to_string(),
                format!("kernel BUG at {file}:{line}!"),
                "invalid opcode: 0000 [#1] PREEMPT SMP NOPTI".to_string(),
            ]
        }
        Fault::BadList { why } => {
            let line = crate::include::bug::list_debug_line(why);
            vec![
                "------------[ cut here ]------------".to_string(),
                format!("kernel BUG at lib/list_debug.c:{line}!"),
                "invalid opcode: 0000 [#1] PREEMPT SMP NOPTI".to_string(),
            ]
        }
        Fault::GeneralProtection { .. } => vec!["general protection fault: 0000 [#1] PREEMPT SMP NOPTI".to_string()],
        Fault::StackOverflow { .. } => {
            vec![
                // Linux prints hashed addresses, and before its random numbers are ready none.
                "BUG: TASK stack guard page was hit at (____ptrval____) (stack is (____ptrval____)..(____ptrval____))"
                    .to_string(),
                "stack guard page: 0000 [#1] PREEMPT SMP NOPTI".to_string(),
            ]
        }
        _ => vec!["Oops: 0000 [#1] PREEMPT SMP NOPTI".to_string()],
    }
}

/// Whether the processor raises a trap that `die()` handles instead of a page fault.
fn is_trap(fault: &Fault) -> bool {
    match fault {
        Fault::Bug { .. }
        | Fault::BadList { .. }
        | Fault::InvalidOpcode { .. }
        | Fault::DivideError { .. }
        | Fault::GeneralProtection { .. } => true,
        Fault::WildAccess { addr, access, .. } => !is_canonical(*addr) && *access != AccessKind::Execute,
        _ => false,
    }
}

/// Whether bits 47 to 63 of an address are alike.
fn is_canonical(addr: u64) -> bool {
    let high = (addr as i64) >> 47;
    high == 0 || high == -1
}

/// The kernel's function that a module gave a bad pointer to.
fn callee(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::ErrPtrDeref { func: Some(func), .. } => Some(func),
        Fault::TaskUseAfterFree { func, .. } if !func.is_empty() => Some(func),
        Fault::BadList { why } if why.starts_with("list_add") => Some("__list_add_valid"),
        Fault::BadList { .. } => Some("__list_del_entry_valid"),
        _ => None,
    }
}

/// The frames below the function of any kernel thread.
const KTHREAD: [&str; 3] = ["kthread+0xd7/0x100", "? kthread_complete_and_exit+0x20/0x20", "ret_from_fork+0x22/0x30"];

/// The frames below the kernel's function `func`, which `RIP:` has told; all, if it is not among them.
fn callers<'f>(frames: &'f [&'static str], func: Option<&str>) -> &'f [&'static str] {
    let place = frames.iter().position(|frame| frame.split('+').next() == func);
    place.map_or(frames, |place| &frames[place + 1..])
}

/// Where code was to be run although none is there: a place without a name.
fn executed(fault: &Fault) -> Option<u64> {
    match fault {
        Fault::ModuleTextGone { ip, .. } => Some(*ip),
        Fault::NullDeref { addr, access: AccessKind::Execute, .. }
        | Fault::WildAccess { addr, access: AccessKind::Execute, .. }
        | Fault::ModuleDataUseAfterFree { addr, access: AccessKind::Execute, .. } => Some(*addr),
        _ => None,
    }
}

fn code(access: AccessKind, present: bool) -> &'static str {
    match (access, present) {
        (AccessKind::Read, false) => "0000",
        (AccessKind::Read, true) => "0001",
        (AccessKind::Write, false) => "0002",
        (AccessKind::Write, true) => "0003",
        (AccessKind::Execute, false) => "0010",
        (AccessKind::Execute, true) => "0011",
    }
}

/// Oopses from a shim and never returns to the module.
pub fn call_oops(fault: Fault) -> ! {
    call::enter(|machine, _| machine.oops(fault, None));
    call::never_return()
}

/// As `or_oops(enter(f))`, for what is called very often: a fault crosses to the caller's stack in a box, so that the usual
/// result is small.
pub(crate) fn enter_or_oops<T>(f: impl FnOnce(&mut Machine, TaskId) -> Result<T, Fault>) -> T {
    match crate::call::enter(|machine, current| f(machine, current).map_err(Box::new)) {
        Ok(value) => value,
        Err(fault) => call_oops(*fault),
    }
}

/// Unwraps what a kernel operation answered; a fault becomes an oops of the caller.
pub fn or_oops<T>(result: Result<T, Fault>) -> T {
    match result {
        Ok(value) => value,
        Err(fault) => call_oops(fault),
    }
}

/// As [`or_oops`], in the kernel's function `func` that no module code called.
pub(crate) fn or_oops_in<T>(func: &'static str, result: Result<T, Fault>) -> T {
    match result {
        Ok(value) => value,
        Err(fault) => {
            call::enter(|machine, _| machine.oops_in(fault, None, Some(func)));
            call::never_return()
        }
    }
}
