//! User tasks: polling their programs in user mode, starting their system calls on a kernel stack.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use kloom_abi::signal::{SIGCHLD, bit};
use kloom_kernel::NewTask;
use kloom_kernel::task::{TaskId, TaskKind, UserTask};
use kloom_kernel::touch::Manner;
use kloom_shell::sys::{Program, ProgramBuilder, Sys, SysPort, SysResult};
use kloom_shim::export::Symbols;
use kloom_shim::{Machine, MachineHandle};

use crate::session::Shared;
use crate::syscall;

/// A user process's program.
pub struct UserProc {
    program: Program,
    port: SysPort,
    /// Where the system call leaves its result.
    result: Rc<RefCell<Option<SysResult>>>,
    /// Caught signals not yet taken.
    pub caught: Rc<RefCell<Vec<i32>>>,
}

impl std::fmt::Debug for UserProc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserProc")
    }
}

impl UserProc {
    /// A process of `build`'s program.
    pub fn new(build: ProgramBuilder) -> UserProc {
        let (sys, port) = Sys::new();
        UserProc { program: build(sys), port, result: Rc::default(), caught: Rc::default() }
    }
}

/// Time a program computes between two system calls.
const USER_STEP_NS: u64 = 30_000;

/// Programs of all user tasks.
#[derive(Debug, Default)]
pub struct Users {
    procs: BTreeMap<TaskId, UserProc>,
}

/// Starts a user task under init, with the console as its three first descriptors.
pub fn spawn(
    machine: &mut Machine,
    users: &mut Users,
    _shared: &Rc<RefCell<Shared>>,
    _symbols: &Rc<Symbols>,
    name: &str,
    build: ProgramBuilder,
) -> TaskId {
    let user = UserTask {
        cmdline: format!("{name}\0").into_bytes(),
        cwd: "/root".to_string(),
        umask: 0o022,
        ..UserTask::default()
    };
    let init = machine.kernel.init;
    let new = NewTask { name: name.as_bytes(), parent: init, kind: TaskKind::User(Box::new(user)) };
    let task = machine.kernel.new_task(new).unwrap_or_else(|errno| panic!("cannot start the shell: {errno:?}"));
    machine.kernel.open_console(task).unwrap_or_else(|errno| panic!("no console: {errno:?}"));
    machine.set_user_memory(task);
    let pid = machine.kernel.tasks[task].pid;
    if let Some(user) = machine.kernel.tasks[task].user_mut() {
        user.pgid = pid;
    }
    users.insert(task, UserProc::new(build));
    machine.kernel.wake_up_new_task(task);
    task
}

impl Users {
    /// Adds a process.
    pub fn insert(&mut self, task: TaskId, proc: UserProc) {
        self.procs.insert(task, proc);
    }

    /// Drops a process's program.
    pub fn remove(&mut self, task: TaskId) {
        self.procs.remove(&task);
    }

    /// A user task has the CPU in user mode: signals first, then its program up to its next system call.
    pub fn step(
        &mut self,
        handle: &mut MachineHandle,
        shared: &Rc<RefCell<Shared>>,
        symbols: &Rc<Symbols>,
        task: TaskId,
    ) {
        let machine = handle.get();
        machine.kernel.charge(USER_STEP_NS);
        let cpu = machine.kernel.this_cpu;
        machine.kernel.watchdog_touch(cpu);
        if machine.kernel.tasks[task].has_exited() {
            machine.kernel.schedule(task);
            return;
        }
        if self.deliver_signals(handle, task) {
            return;
        }
        let Some(proc) = self.procs.get_mut(&task) else {
            exit(handle, task, 0);
            return;
        };
        let mut context = Context::from_waker(Waker::noop());
        match proc.program.as_mut().poll(&mut context) {
            Poll::Ready(code) => exit(handle, task, (code & 0xff) << 8),
            Poll::Pending => {
                let Some(request) = proc.port.take_request() else {
                    exit(handle, task, 101 << 8);
                    return;
                };
                let machine = handle.get();
                if let Some(user) = machine.kernel.tasks[task].user_mut() {
                    user.in_kernel = true;
                }
                let result = Rc::clone(&proc.result);
                let caller = syscall::Caller {
                    shared: Rc::clone(shared),
                    symbols: Rc::clone(symbols),
                    caught: Rc::clone(&proc.caught),
                };
                let started = handle.start(task, move || {
                    let value = syscall::perform(&caller, request);
                    *result.borrow_mut() = Some(value);
                    0
                });
                if !started {
                    proc.port.reply(Err(kloom_abi::Errno::ENOMEM));
                }
            }
        }
    }

    /// A system call has returned: hands its result to the program.
    pub fn syscall_done(&mut self, machine: &mut Machine, task: TaskId) {
        machine.kernel.check_exit_balance(task, "return to user space");
        if let Some(user) = machine.kernel.tasks[task].user_mut() {
            user.in_kernel = false;
        }
        if let Some(proc) = self.procs.get_mut(&task)
            && let Some(result) = proc.result.borrow_mut().take()
        {
            proc.port.reply(result);
        }
    }

    /// Takes pending signals on the way to user mode; true if one of them ends the task.
    fn deliver_signals(&mut self, handle: &mut MachineHandle, task: TaskId) -> bool {
        loop {
            let machine = handle.get();
            // Whoever sends one might have sent it before.
            let addr = machine.kernel.tasks[task].addr;
            machine.kernel.touched.note(addr, Manner::Read);
            if machine.kernel.tasks[task].signals.deliverable() == 0 {
                return false;
            }
            let signal = machine.kernel.dequeue_signal(task);
            if machine.kernel.tasks[task].signals.handled & bit(signal) != 0 {
                if let Some(proc) = self.procs.get(&task) {
                    proc.caught.borrow_mut().push(signal);
                }
            } else if signal != SIGCHLD && !kloom_abi::signal::default_ignored(signal) {
                exit(handle, task, signal);
                return true;
            }
        }
    }
}

/// Ends a user task: closes its files (which may call a module's `release`), then exits.
fn exit(handle: &mut MachineHandle, task: TaskId, status: i32) {
    if let Some(user) = handle.get().kernel.tasks[task].user_mut() {
        user.in_kernel = true;
    }
    let started = handle.start(task, move || {
        syscall::exit(status);
        0
    });
    if !started {
        handle.get().kernel.do_exit(task, status);
    }
}
