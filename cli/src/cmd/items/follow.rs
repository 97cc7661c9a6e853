//! `pickle tail --follow`: the last items of a log, and then those that come.

use super::TailArgs;
use crate::Failure;
use crate::pickles::follow::{Going, follow};
use crate::pickles::items::{Item, ItemSink};
use crate::print::formats;
use crate::print::json::Line;
use std::collections::VecDeque;
use std::io::Write;
use std::time::Duration;

/// Between two looks at the file.
const PAUSE: Duration = Duration::from_millis(100);

/// Follows a file until Ctrl-C, or until the reader of the output closes it.
///
/// # Errors
/// As [`super::run`]; the file cannot be followed.
pub(super) fn run(args: &TailArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let most = usize::try_from(args.some.lines).unwrap_or(usize::MAX);
    let pause = Pause::new();
    let stop = pause.clone();
    let mut lines = Lines { out, last: VecDeque::new(), most, is_live: false, line: Line::default(), stop };
    let of = &args.some.of;
    let result = follow(&of.file, of.resync, &mut lines, &mut || pause.pause());
    // Items before a damage are good.
    lines.idle().and(result)
}

/// Lines on their way out: the last ones of what is there, then every one.
struct Lines<'o> {
    out: &'o mut dyn Write,
    last: VecDeque<Vec<u8>>,
    most: usize,
    /// All that was there has come.
    is_live: bool,
    line: Line,
    stop: Pause,
}

impl ItemSink for Lines<'_> {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        if self.is_live {
            formats::line(item, &mut self.line, self.out)?;
        } else if self.most != 0 {
            let full = self.last.len() >= self.most;
            let mut text = if full { self.last.pop_front().unwrap_or_default() } else { Vec::new() };
            text.clear();
            formats::line(item, &mut self.line, &mut text)?;
            self.last.push_back(text);
        }
        Ok(!self.stop.is_over())
    }

    fn idle(&mut self) -> Result<(), Failure> {
        for text in self.last.drain(..) {
            self.out.write_all(&text)?;
        }
        self.is_live = true;
        Ok(self.out.flush()?)
    }
}

/// Waits, unless Ctrl-C or a closed output comes first.
#[cfg(unix)]
#[derive(Clone)]
struct Pause(std::sync::Arc<std::sync::atomic::AtomicBool>);

#[cfg(unix)]
impl Pause {
    /// The first Ctrl-C ends the following; one more ends the process, whatever it does.
    fn new() -> Self {
        use signal_hook::consts::SIGINT;
        let stop = std::sync::Arc::default();
        // Without handlers the system ends the process, and only what is printed last may be half a line.
        let _ = signal_hook::flag::register_conditional_default(SIGINT, std::sync::Arc::clone(&stop));
        let _ = signal_hook::flag::register(SIGINT, std::sync::Arc::clone(&stop));
        Pause(stop)
    }

    fn is_over(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn pause(&self) -> Going {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let pause = Timespec { tv_sec: 0, tv_nsec: PAUSE.subsec_nanos().into() };
        let mut reader = [PollFd::from_borrowed_fd(rustix::stdio::stdout(), PollFlags::empty())];
        let is_closed = !self.is_over() && poll(&mut reader, Some(&pause)).is_ok_and(|ready| ready != 0);
        if is_closed || self.is_over() { Going::Stop } else { Going::On }
    }
}

#[cfg(not(unix))]
#[derive(Clone)]
struct Pause;

#[cfg(not(unix))]
impl Pause {
    fn new() -> Self {
        Pause
    }

    fn is_over(&self) -> bool {
        false
    }

    fn pause(&self) -> Going {
        std::thread::sleep(PAUSE);
        Going::On
    }
}
