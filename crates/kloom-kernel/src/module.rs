//! The module table: what is loaded, in which state, who uses whom.
//!
//! C header: include/linux/module.h. Behaviour and messages follow Linux 6.1 kernel/module/main.c. Addresses and
//! images are the guest's; this is what lsmod, refcounts and `delete_module()` need.

use kloom_abi::Errno;

use crate::Kernel;
use crate::site::RawEvent;

/// Where a module is in its life (`enum module_state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleState {
    /// Its init function has returned 0.
    Live,
    /// Its init function runs.
    Coming,
    /// Its exit function runs, or never came back.
    Going,
}

/// A loaded module.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its number, never reused.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// State.
    pub state: ModuleState,
    /// Address of its `struct module`.
    pub addr: u64,
    /// References: by `try_module_get()`, open files, …; not by modules that use its symbols.
    pub refs: i32,
    /// Where the references that code of modules holds were taken.
    pub holders: Vec<RawEvent>,
    /// Modules that use its symbols.
    pub used_by: Vec<u32>,
    /// Whether it has an exit function, or none at all to be permanent.
    pub has_init: bool,
    /// Address of its exit function, 0 if it has none.
    pub exit: u64,
    /// Bytes of its core image.
    pub size: u64,
    /// First address of the core image.
    pub base: u64,
    /// Taint letters it brought.
    pub taints: String,
    /// Where its loading was asked for.
    pub loaded: RawEvent,
}

/// A module that is gone.
#[derive(Clone, Debug)]
pub struct Unloaded {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Taint letters it brought.
    pub taints: String,
    /// Where it was unloaded.
    pub at: RawEvent,
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Modules {
    /// Loaded modules, newest first as /proc/modules lists them.
    pub list: Vec<Module>,
    next_id: u32,
    /// Modules that are gone, newest last.
    pub unloaded: Vec<Unloaded>,
    /// Modules that took themselves off the kernel's list: they run on, and no lookup by name finds them.
    pub hidden: Vec<u32>,
}

impl Module {
    /// References as `/proc/modules` shows them: one more while init runs, -1 once unloading has begun
    /// (kernel/module/main.c of Linux 6.1: `module_refcount()`, `try_release_module_ref()`).
    pub fn refcount(&self) -> i32 {
        match self.state {
            ModuleState::Going => -1,
            ModuleState::Coming => self.refs + self.used_by.len() as i32 + 1,
            ModuleState::Live => self.refs + self.used_by.len() as i32,
        }
    }
}

/// Holders of a module's references that are remembered.
const HOLDERS_MAX: usize = 64;

impl Modules {
    /// A number for a new module.
    pub fn next_id(&mut self) -> u32 {
        self.next_id += 1;
        self.next_id
    }

    /// By number.
    pub fn get(&self, id: u32) -> Option<&Module> {
        self.list.iter().find(|module| module.id == id)
    }

    /// By number.
    pub fn get_mut(&mut self, id: u32) -> Option<&mut Module> {
        self.list.iter_mut().find(|module| module.id == id)
    }

    /// By name.
    pub fn find(&self, name: &str) -> Option<&Module> {
        self.list.iter().find(|module| module.name == name && !self.hidden.contains(&module.id))
    }

    /// By the address of its `struct module`.
    pub fn by_addr(&mut self, addr: u64) -> Option<&mut Module> {
        self.list.iter_mut().find(|module| module.addr == addr)
    }
}

impl Kernel {
    /// Checks whether a module may be removed and moves it to `Going` (first half of `delete_module()`).
    ///
    /// # Errors
    /// `ENOENT` not loaded; `EWOULDBLOCK` used by others or referenced; `EBUSY` being loaded or unloaded, or it has
    /// an init but no exit function.
    pub fn delete_module_begin(&mut self, name: &str, force: bool) -> Result<u32, Errno> {
        let Some(module) = self.modules.find(name) else { return Err(Errno::ENOENT) };
        let id = module.id;
        if !module.used_by.is_empty() {
            return Err(Errno::EAGAIN);
        }
        if module.state != ModuleState::Live {
            return Err(Errno::EBUSY);
        }
        // CONFIG_MODULE_FORCE_UNLOAD, as in Debian's kernel: `rmmod -f` takes the flag for an answer.
        let permanent = module.has_init && module.exit == 0;
        if permanent && !force {
            return Err(Errno::EBUSY);
        }
        let in_use = module.refs != 0;
        if in_use && !force {
            return Err(Errno::EAGAIN);
        }
        if permanent || in_use {
            self.taint_unreliable(crate::taint::FORCED_RMMOD);
        }
        if let Some(module) = self.modules.get_mut(id) {
            module.state = ModuleState::Going;
        }
        Ok(id)
    }

    /// `try_module_get()`: false when the module is going.
    pub fn try_module_get(&mut self, addr: u64) -> bool {
        if addr == 0 {
            return true;
        }
        let at = self.event_here();
        match self.modules.by_addr(addr) {
            Some(module) if module.state != ModuleState::Going => {
                module.refs += 1;
                if module.holders.len() < HOLDERS_MAX {
                    module.holders.push(at);
                }
                true
            }
            _ => false,
        }
    }

    /// `module_put()`; false if there was no reference to drop.
    pub fn module_put(&mut self, addr: u64) -> bool {
        if addr == 0 {
            return true;
        }
        match self.modules.by_addr(addr) {
            Some(module) => {
                module.refs -= 1;
                module.holders.pop();
                module.refs >= 0
            }
            None => false,
        }
    }

    /// The line of `Modules linked in:`.
    pub fn modules_linked_in(&self) -> String {
        let mut text = String::from("Modules linked in:");
        for module in &self.modules.list {
            let state = match module.state {
                ModuleState::Live => "",
                ModuleState::Coming => "+",
                ModuleState::Going => "-",
            };
            if module.taints.is_empty() && state.is_empty() {
                text.push_str(&format!(" {}", module.name));
            } else {
                text.push_str(&format!(" {}({}{state})", module.name, module.taints));
            }
        }
        if let Some(gone) = self.modules.unloaded.last() {
            let taints = if gone.taints.is_empty() { String::new() } else { format!("({})", gone.taints) };
            text.push_str(&format!(" [last unloaded: {}{taints}]", gone.name));
        }
        text
    }
}
