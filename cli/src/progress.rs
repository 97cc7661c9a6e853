//! A progress bar on stderr.
//!
//! It is seen on standard error, when that is a terminal, and after a second
//! of work. Where output goes to the same terminal it leaves with the first
//! line of output and does not come back: the output itself shows progress.

use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Work that is shorter than this has no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Bytes between two looks at the clock.
const STRIDE: u64 = 1 << 18;

/// The bar that is on the terminal, of which there is one; [`output_begins`] must reach it from wherever output is written.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);
/// Set once output has gone to the terminal.
static OUTPUT: AtomicBool = AtomicBool::new(false);

/// How far the work on one input is, in raw bytes: bytes of the file as it lies on the disk.
pub struct Progress {
    name: String,
    total: Option<u64>,
    begun: Instant,
    /// No bar before this many bytes; `u64::MAX` for never.
    next: Cell<u64>,
    bar: RefCell<Option<ProgressBar>>,
}

impl Progress {
    /// Begins to count the time. `total` is the size in bytes where it is known.
    pub fn new(name: String, total: Option<u64>) -> Self {
        let next = if io::stderr().is_terminal() { STRIDE } else { u64::MAX };
        Progress { name, total, begun: Instant::now(), next: Cell::new(next), bar: RefCell::new(None) }
    }

    /// The work has come to this byte. Cheap: call it as often as you like.
    #[inline]
    pub fn at(&self, position: u64) {
        if position >= self.next.get() {
            self.look(position);
        }
    }

    #[cold]
    fn look(&self, position: u64) {
        self.next.set(position.saturating_add(STRIDE));
        if OUTPUT.load(Ordering::Relaxed) {
            self.next.set(u64::MAX);
        } else if self.begun.elapsed() >= PATIENCE {
            self.bar.borrow_mut().get_or_insert_with(|| self.show()).set_position(position);
        }
    }

    fn show(&self) -> ProgressBar {
        let template = match self.total {
            Some(_) => "{msg} {wide_bar} {bytes}/{total_bytes} {rate} {left}",
            None => "{msg} {spinner} {bytes} {rate}",
        };
        // Since the beginning: the bar comes later, and takes all that was before for the work of a moment.
        let begun = self.begun;
        let rate = move |position: u64| position as f64 / begun.elapsed().as_secs_f64().max(0.001);
        let bar = ProgressBar::with_draw_target(self.total, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            let style = style.with_key("rate", move |state: &ProgressState, out: &mut dyn fmt::Write| {
                let _ = write!(out, "{}/s", HumanBytes(rate(state.pos()) as u64));
            });
            bar.set_style(style.with_key("left", move |state: &ProgressState, out: &mut dyn fmt::Write| {
                let bytes = state.len().unwrap_or(0).saturating_sub(state.pos());
                let seconds = Duration::try_from_secs_f64(bytes as f64 / rate(state.pos()).max(1.0));
                let _ = write!(out, "{:#}", HumanDuration(seconds.unwrap_or(Duration::MAX)));
            }));
        }
        bar.set_message(self.name.clone());
        if let Ok(mut shown) = SHOWN.lock() {
            *shown = Some(bar.clone());
        }
        bar
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get_mut() {
            bar.finish_and_clear();
        }
    }
}

/// Clears the bar for good if standard output is a terminal. Called before bytes go there.
pub fn output_begins() {
    if !OUTPUT.load(Ordering::Relaxed) && io::stdout().is_terminal() {
        OUTPUT.store(true, Ordering::Relaxed);
        clear();
    }
}

/// Clears the bar that is shown, so that a message can be printed.
pub fn clear() {
    if let Ok(mut shown) = SHOWN.lock()
        && let Some(bar) = shown.take()
    {
        bar.finish_and_clear();
    }
}
