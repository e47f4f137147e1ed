//! `task_struct`s in guest memory: slot numbers and addresses convert into each other by arithmetic.

use std::cell::RefCell;
use std::rc::Rc;

use kloom_abi::TaskStruct;
use kloom_kernel::task::{TaskId, TaskMemory};

use crate::layout::{TASK_STRIDE, TASKS, TASKS_SIZE};

/// Which slots are live, shared between the kernel's allocator and the arena's check.
#[derive(Clone, Debug, Default)]
pub struct TaskSlots {
    pub(crate) live: Vec<bool>,
    /// What `signal` and `cred` of every task point to.
    pub(crate) defaults: (u64, u64),
}

impl TaskSlots {
    /// Whether slot `index` holds a live task; None if it never did.
    pub fn is_live(&self, index: u64) -> Option<bool> {
        self.live.get(usize::try_from(index).ok()?).copied()
    }
}

/// The allocator the kernel uses.
#[derive(Debug)]
pub struct ArenaTasks {
    base: u64,
    slots: Rc<RefCell<TaskSlots>>,
}

const _: () = assert!(std::mem::size_of::<TaskStruct>() <= TASK_STRIDE as usize);

impl ArenaTasks {
    /// Over the task region of the arena at `arena_base`.
    pub(crate) fn new(arena_base: u64, slots: Rc<RefCell<TaskSlots>>) -> ArenaTasks {
        ArenaTasks { base: arena_base + TASKS, slots }
    }
}

impl TaskMemory for ArenaTasks {
    fn alloc(&mut self, id: TaskId) -> Option<(u64, &'static TaskStruct)> {
        let offset = u64::from(id.0) * TASK_STRIDE;
        if offset + TASK_STRIDE > TASKS_SIZE {
            return None;
        }
        let mut slots = self.slots.borrow_mut();
        if slots.live.len() <= id.0 as usize {
            slots.live.resize(id.0 as usize + 1, false);
        }
        slots.live[id.0 as usize] = true;
        let addr = self.base + offset;
        let ptr = addr as *mut TaskStruct;
        // SAFETY:
        // 1. The slot is mapped, writable, aligned (the stride is a multiple of the alignment) and large enough
        //    (asserted above).
        // 2. It is not in use: the table hands out a slot again only after `free`.
        // 3. The arena outlives the kernel, and all members are cells, so the shared reference stays valid while
        //    module code writes there.
        let task = unsafe {
            std::ptr::write_bytes(ptr, 0, 1);
            &*ptr
        };
        let (signal, cred) = slots.defaults;
        task.signal.set(signal);
        task.cred.set(cred);
        task.real_cred.set(cred);
        Some((addr, task))
    }

    fn free(&mut self, id: TaskId) {
        self.slots.borrow_mut().live[id.0 as usize] = false;
    }

    fn shared(&self) -> Box<dyn TaskMemory> {
        Box::new(ArenaTasks { base: self.base, slots: Rc::clone(&self.slots) })
    }
}
