//! What the session puts into the tree before the scenario starts, and reads back from it.

use std::rc::Rc;

use kloom_abi::Errno;

use super::file::OpenFile;
use super::flags::{O_CREAT, O_RDWR, O_TRUNC, O_WRONLY};
use super::tmpfs::{Inode, InodeKind};
use super::{Node, OpenPlan, ReadPlan};
use crate::Kernel;
use crate::ops::{Op, Progress};
use crate::task::TaskId;

impl Kernel {
    /// Makes a regular file with this content, as init.
    pub fn write_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), Errno> {
        let init = self.init;
        let file = self.open_path(init, path, O_CREAT | O_WRONLY | O_TRUNC, 0o644)?;
        let mut progress = Progress::default();
        let mut at = 0;
        while at < bytes.len() {
            match self.file_write(init, file, &bytes[at..], &mut progress)? {
                Op::Done(super::WritePlan::Done(0)) => return Err(Errno::ENOSPC),
                Op::Done(super::WritePlan::Done(count)) => at += count,
                _ => return Err(Errno::EINVAL),
            }
        }
        let _ = self.put_file(file);
        Ok(())
    }

    /// Opens the console as descriptors 0, 1 and 2 of a task.
    pub fn open_console(&mut self, task: TaskId) -> Result<(), Errno> {
        let mut progress = Progress::default();
        let fd = match self.sys_open(task, "/dev/console", O_RDWR, 0, &mut progress)? {
            Op::Done(OpenPlan::Done(fd)) => fd,
            _ => return Err(Errno::ENODEV),
        };
        for to in 0..3 {
            if to != fd {
                let _ = self.sys_dup2(task, fd, to)?;
            }
        }
        Ok(())
    }

    /// The whole content of the file open at `fd`, wherever its position is.
    pub fn fd_content(&mut self, task: TaskId, fd: i32) -> Result<Rc<Vec<u8>>, Errno> {
        let file = self.file_of(task, fd)?;
        if let Some(OpenFile { node: Node::Tmp(ino), pos: 0, .. }) = self.vfs.files.get(&file.0)
            && let Some(Inode { kind: InodeKind::File(content), .. }) = self.vfs.tmp.get(*ino)
        {
            return Ok(Rc::clone(content));
        }
        let mut content = Vec::new();
        loop {
            let mut progress = Progress::default();
            match self.file_read(task, file, 1 << 20, &mut progress)? {
                Op::Done(ReadPlan::Data(bytes)) if bytes.is_empty() => return Ok(Rc::new(content)),
                Op::Done(ReadPlan::Data(bytes)) => content.extend(bytes),
                _ => return Err(Errno::EINVAL),
            }
        }
    }
}
