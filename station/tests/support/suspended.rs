//! One thread of a process, stopped by ptrace(2) while the others go on.

use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use super::wait_for;

/// Goes on when it is resumed, or when the test ends.
pub struct Suspended(Pid);

impl Suspended {
    /// The thread of this name, stopped while it waits for something, so that it holds no lock.
    pub fn thread(process: u32, name: &str) -> Self {
        let tasks = format!("/proc/{process}/task");
        let thread = wait_for("the thread", || {
            let named = |task: &std::fs::DirEntry| {
                std::fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
            };
            let task = std::fs::read_dir(&tasks).ok()?.flatten().find(named)?;
            task.file_name().to_str()?.parse().ok()
        });
        let pid = Pid::from_raw(thread);
        ptrace::seize(pid, ptrace::Options::empty()).unwrap();
        let waiting = nix::libc::SYS_futex.to_string();
        wait_for("the thread to wait", || {
            ptrace::interrupt(pid).unwrap();
            waitpid(pid, Some(WaitPidFlag::__WALL)).unwrap();
            let call = std::fs::read_to_string(format!("{tasks}/{thread}/syscall")).unwrap();
            let waits = call.split_whitespace().next() == Some(waiting.as_str());
            if !waits {
                ptrace::cont(pid, None).unwrap();
            }
            waits.then_some(())
        });
        Self(pid)
    }

    pub fn resume(self) {
        ptrace::detach(self.0, None).unwrap();
    }
}
