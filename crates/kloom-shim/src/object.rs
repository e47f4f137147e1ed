//! The handle in a C object: from the object's address to the kernel's table and back.

use kloom_kernel::fault::Fault;

use crate::Machine;

/// Magic numbers of `include/kloom/object.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[expect(missing_docs, reason = "the names are those of the header")]
pub enum Magic {
    Spinlock = 0x4b4c_0001,
    Rwlock = 0x4b4c_0002,
    Mutex = 0x4b4c_0003,
    Semaphore = 0x4b4c_0004,
    Rwsem = 0x4b4c_0005,
    PercpuRwsem = 0x4b4c_0006,
    WaitQueueHead = 0x4b4c_0011,
    WaitQueueEntry = 0x4b4c_0012,
    Completion = 0x4b4c_0013,
    SwaitQueueHead = 0x4b4c_0014,
    SwaitQueue = 0x4b4c_0015,
    Timer = 0x4b4c_0021,
    HrTimer = 0x4b4c_0022,
    Tasklet = 0x4b4c_0023,
    Work = 0x4b4c_0024,
    DelayedWork = 0x4b4c_0025,
    RcuWork = 0x4b4c_0026,
    KthreadWorker = 0x4b4c_0027,
    KthreadWork = 0x4b4c_0028,
    KthreadDelayedWork = 0x4b4c_0029,
    IrqWork = 0x4b4c_002a,
    Srcu = 0x4b4c_0031,
    PercpuCounter = 0x4b4c_0032,
    Seqlock = 0x4b4c_0007,
    Seqcount = 0x4b4c_0008,
    RtMutex = 0x4b4c_0009,
}

impl Magic {
    /// Whether it is something that a task can hold.
    pub(crate) fn is_lock(self) -> bool {
        use Magic::{Mutex, Rwlock, Rwsem, Semaphore, Spinlock};
        matches!(self, Spinlock | Rwlock | Mutex | Semaphore | Rwsem)
    }

    /// The C type, for reports.
    pub fn type_name(self) -> &'static str {
        match self {
            Magic::Spinlock => "spinlock_t",
            Magic::Rwlock => "rwlock_t",
            Magic::Mutex => "struct mutex",
            Magic::Semaphore => "struct semaphore",
            Magic::Rwsem => "struct rw_semaphore",
            Magic::PercpuRwsem => "struct percpu_rw_semaphore",
            Magic::WaitQueueHead => "wait_queue_head_t",
            Magic::WaitQueueEntry => "struct wait_queue_entry",
            Magic::Completion => "struct completion",
            Magic::Timer => "struct timer_list",
            Magic::SwaitQueueHead => "struct swait_queue_head",
            Magic::SwaitQueue => "struct swait_queue",
            Magic::HrTimer => "struct hrtimer",
            Magic::Tasklet => "struct tasklet_struct",
            Magic::Work => "struct work_struct",
            Magic::DelayedWork => "struct delayed_work",
            Magic::RcuWork => "struct rcu_work",
            Magic::KthreadWorker => "struct kthread_worker",
            Magic::KthreadWork => "struct kthread_work",
            Magic::KthreadDelayedWork => "struct kthread_delayed_work",
            Magic::IrqWork => "struct irq_work",
            Magic::Srcu => "struct srcu_struct",
            Magic::PercpuCounter => "struct percpu_counter",
            Magic::Seqlock => "seqlock_t",
            Magic::Seqcount => "seqcount_t",
            Magic::RtMutex => "struct rt_mutex",
        }
    }
}

impl Machine {
    /// The handle in the object at `addr`, registered at first use.
    ///
    /// An object that was never initialised is reported, then treated as if it had been.
    ///
    /// # Errors
    /// A fault when the memory cannot be accessed at all.
    pub fn handle(
        &mut self,
        addr: u64,
        magic: Magic,
        func: &'static str,
        register: impl FnOnce(&mut Machine, String) -> u32,
    ) -> Result<u32, Fault> {
        self.check_access(addr, 8, true)?;
        self.kernel.touched.note_changed(addr);
        let found = self.peek_u32(addr);
        let handle = self.peek_u32(addr + 4);
        if found == magic as u32 && handle != 0 {
            if self.in_dead_frame(addr) {
                self.report_dead_frame(addr, magic, func);
            }
            return Ok(handle);
        }
        if self.report_dead_frame(addr, magic, func) {
            // Linux would take what is there for the object; it is left alone here, for it belongs to other calls.
            let name = self.object_name(addr);
            return Ok(register(self, name));
        }
        if found != magic as u32 {
            self.kernel.report(Fault::UninitObject { kind: magic.type_name(), addr, func });
        }
        let name = self.object_name(addr);
        let handle = register(self, name);
        self.poke_u32(addr, magic as u32);
        self.poke_u32(addr + 4, handle);
        Ok(handle)
    }

    /// Initialises the object at `addr` with a fresh handle.
    ///
    /// # Errors
    /// A fault when the memory cannot be accessed.
    pub fn init_object(&mut self, addr: u64, magic: Magic, handle: u32) -> Result<(), Fault> {
        self.check_access(addr, 8, true)?;
        self.poke_u32(addr, magic as u32);
        self.poke_u32(addr + 4, handle);
        Ok(())
    }

    /// A name for the object at `addr`: the static variable it lies in, or its place in a heap block.
    pub fn object_name(&self, addr: u64) -> String {
        if let Some((_, module, section, offset)) = self.locate(addr)
            && let symbolizer = module.symbolizer()
            && let Some(symbol) = symbolizer.resolve(section, offset)
        {
            let rest = symbol.offset;
            return if rest == 0 { symbol.name.to_string() } else { format!("{}+{rest:#x}", symbol.name) };
        }
        format!("{addr:#x}")
    }

    /// The handle an object at `addr` has from an earlier initialisation, 0 if none can be seen.
    pub(crate) fn old_handle(&self, addr: u64, magic: Magic) -> u32 {
        if self.peek_u32(addr) == magic as u32 { self.peek_u32(addr + 4) } else { 0 }
    }

    /// A name for an object that is being initialised: the variable it is, else what the initialiser was given
    /// (`&dev->lock`), without the ampersand.
    pub(crate) fn init_name(&self, addr: u64, given: u64) -> String {
        let name = self.object_name(addr);
        if !name.starts_with("0x") || given == 0 {
            return name;
        }
        match self.arena.read_cstr(given, 128) {
            Ok(text) => String::from_utf8_lossy(&text).trim_start_matches('&').to_string(),
            Err(_) => name,
        }
    }

    /// The name of the exported function at `addr`: a thunk of an image, or the function itself, as kloom writes it
    /// into objects.
    pub(crate) fn export_name(&self, addr: u64) -> Option<&str> {
        if let Some((_, image)) = self.module_of(addr) {
            return image.thunk_name(addr);
        }
        crate::include::wait::EXPORTS.iter().find(|export| export.function as u64 == addr).map(|export| export.name)
    }

    /// A word of memory known to be accessible, or whose misuse was reported: freed heap memory keeps its content.
    pub(crate) fn peek_u32(&self, addr: u64) -> u32 {
        self.arena.read_u32(addr).unwrap_or_else(|_| {
            let mut bytes = [0; 4];
            self.arena.read_stale(addr, &mut bytes);
            u32::from_le_bytes(bytes)
        })
    }

    /// A word of memory known to be accessible.
    pub(crate) fn peek_u64(&self, addr: u64) -> u64 {
        self.arena.read_u64(addr).unwrap_or_else(|_| {
            let mut bytes = [0; 8];
            self.arena.read_stale(addr, &mut bytes);
            u64::from_le_bytes(bytes)
        })
    }

    /// Writes memory known to be accessible.
    pub(crate) fn poke_u32(&mut self, addr: u64, value: u32) {
        self.poke(addr, &value.to_le_bytes());
    }

    /// Writes memory known to be accessible.
    pub(crate) fn poke_u64(&mut self, addr: u64, value: u64) {
        self.poke(addr, &value.to_le_bytes());
    }

    fn poke(&mut self, addr: u64, bytes: &[u8]) {
        if self.arena.write(addr, bytes).is_err() {
            self.arena.write_stale(addr, bytes);
        }
    }
}
