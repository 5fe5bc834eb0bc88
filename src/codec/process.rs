//! A program that is fed through its stdin and read through its stdout, and that can do nothing else.
//!
//! No shell, an empty environment, no other file descriptors, a process group of its own; it may write no file, and has
//! limits on memory and time. Whatever happens, the whole group is gone when [`run`] returns.

use crate::codec::CodecError;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Most memory of the program, bytes of address space.
const MEMORY: u64 = 6 << 30;
/// Descriptors that it may hold.
const FILES: u64 = 64;
/// How often its end is looked for.
const POLL: Duration = Duration::from_millis(5);

/// Runs a program to its end: `feed` writes its input, `take` reads its output, side by side.
///
/// # Errors
/// [`CodecError::Unsupported`] where it cannot be started or this system has no process groups, [`CodecError::Damaged`] where
/// it fails, stops reading, or runs longer than `most`; the error of `take`.
pub fn run<T>(
    program: &Path,
    args: &[impl AsRef<OsStr>],
    most: Duration,
    feed: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send,
    take: impl FnOnce(&mut dyn Read) -> Result<T, CodecError>,
) -> Result<T, CodecError> {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    confine(&mut command, most)?;
    let mut child = command
        .spawn()
        .map_err(|_| CodecError::Unsupported("the program cannot be started"))?;
    let (Some(mut input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(CodecError::Unsupported("the program has no pipes"));
    };
    // `None` once the program has been waited for: its number may be another's then.
    let running = Mutex::new(Some(child));
    let kill = || {
        if let Some(child) = running.lock().unwrap_or_else(|e| e.into_inner()).as_mut() {
            kill_group(child);
        }
    };
    let (done, waiting) = channel::<()>();
    std::thread::scope(|scope| {
        let kill = &kill;
        scope.spawn(move || {
            if waiting.recv_timeout(most) == Err(RecvTimeoutError::Timeout) {
                kill();
            }
        });
        let feeder = scope.spawn(move || {
            let fed = feed(&mut input).and_then(|()| input.flush());
            drop(input);
            fed
        });
        let taken = take(&mut output);
        if taken.is_err() {
            kill();
        }
        drop(output);
        let fed = feeder.join();
        let status = loop {
            let mut running = running.lock().unwrap_or_else(|e| e.into_inner());
            let Some(child) = running.as_mut() else {
                break None;
            };
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => {
                    // Whoever it started goes with it; the group lives as long as one of them.
                    kill_group(child);
                    *running = None;
                    break Some(status);
                }
                Err(_) => {
                    kill_group(child);
                    *running = None;
                    break None;
                }
            }
            drop(running);
            std::thread::sleep(POLL);
        };
        drop(done);
        let taken = taken?;
        let well = status.is_some_and(|s| s.success()) && matches!(fed, Ok(Ok(())));
        if well {
            Ok(taken)
        } else {
            Err(CodecError::Damaged("the program failed, or took too long"))
        }
    })
}

#[cfg(unix)]
#[allow(
    unsafe_code,
    reason = "limits of a child can only be set between fork and exec"
)]
fn confine(command: &mut Command, most: Duration) -> Result<(), CodecError> {
    use std::os::unix::process::CommandExt;
    let limits = [
        (libc::RLIMIT_AS, MEMORY),
        // Processor time counts every thread.
        (libc::RLIMIT_CPU, most.as_secs().saturating_mul(8).max(1)),
        (libc::RLIMIT_FSIZE, 0),
        (libc::RLIMIT_CORE, 0),
        (libc::RLIMIT_NOFILE, FILES),
    ];
    command.process_group(0);
    // SAFETY: the closure only makes system calls that may be made between fork and exec, and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            for (which, most) in limits {
                let limit = libc::rlimit {
                    rlim_cur: most as libc::rlim_t,
                    rlim_max: most as libc::rlim_t,
                };
                if libc::setrlimit(which, &limit) != 0 {
                    return Err(std::io::Error::last_os_error());
                }
            }
            #[cfg(target_os = "linux")]
            {
                // It must not outlive this program, nor gain rights that this program lacks.
                let die: libc::c_ulong = libc::SIGKILL as libc::c_ulong;
                let one: libc::c_ulong = 1;
                let zero: libc::c_ulong = 0;
                let well = libc::prctl(libc::PR_SET_PDEATHSIG, die, zero, zero, zero) == 0
                    && libc::prctl(libc::PR_SET_NO_NEW_PRIVS, one, zero, zero, zero) == 0;
                if !well {
                    return Err(std::io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn confine(_: &mut Command, _: Duration) -> Result<(), CodecError> {
    Err(CodecError::Unsupported(
        "a program can only be confined on Unix",
    ))
}

#[cfg(unix)]
#[allow(
    unsafe_code,
    reason = "a group can only be signalled by the system call"
)]
fn kill_group(child: &mut Child) {
    if let Ok(group) = i32::try_from(child.id()) {
        // SAFETY: a system call without memory; the group is that of our child, which has not been waited for or was
        // its leader a moment ago under the same lock.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
}

#[cfg(not(unix))]
fn kill_group(child: &mut Child) {
    // Best effort: nothing is started here.
    let _ = child.kill();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::time::Instant;

    fn shell(script: &str, most: Duration) -> Result<Vec<u8>, CodecError> {
        run(
            Path::new("/bin/sh"),
            &["-c", script],
            most,
            |input| input.write_all(b"given"),
            |output| {
                let mut all = Vec::new();
                output
                    .read_to_end(&mut all)
                    .map_err(|_| CodecError::Damaged("read"))?;
                Ok(all)
            },
        )
    }

    #[test]
    fn input_goes_in_and_output_comes_out_without_an_environment() {
        let minute = Duration::from_secs(60);
        assert_eq!(shell("cat", minute).unwrap(), b"given");
        assert_eq!(
            shell("cat >/dev/null; echo $HOME$USER", minute).unwrap(),
            b"\n"
        );
        assert!(shell("cat; exit 3", minute).is_err());
    }

    #[test]
    fn no_file_can_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("left");
        let script = format!(
            "cat >/dev/null; trap '' XFSZ; echo text > {}",
            path.display()
        );
        assert!(shell(&script, Duration::from_secs(60)).is_err());
        assert_eq!(std::fs::read(&path).unwrap_or_default(), b"");
    }

    #[test]
    fn what_runs_too_long_is_killed_with_all_that_it_started() {
        let start = Instant::now();
        let ran = shell(
            "cat >/dev/null; sleep 50 & sleep 50",
            Duration::from_millis(300),
        );
        assert!(ran.is_err());
        assert!(start.elapsed() < Duration::from_secs(20));
        let missing = run(
            Path::new("/no/such/program"),
            &[""],
            Duration::from_secs(1),
            |_| Ok(()),
            |_| Ok(()),
        );
        assert!(matches!(missing, Err(CodecError::Unsupported(_))));
    }
}
