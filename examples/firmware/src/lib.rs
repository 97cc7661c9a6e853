//! What the examples share: the UART of the board, and what happens when one panics.

#![no_std]

use core::future::{Future, poll_fn};
use core::panic::PanicInfo;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
// The critical section that defmt asks for.
use cortex_m as _;
use defmt_semihosting as _;
use embedded_io::{ErrorType, Read, Write};

/// The first UART of the board, polled.
pub struct Uart(());

#[cfg(not(nrf51))]
mod registers {
    //! PL011 of the LM3S6965.
    const BASE: usize = 0x4000_c000;
    pub const DATA_IN: *const u32 = BASE as *const u32;
    pub const DATA_OUT: *mut u32 = BASE as *mut u32;
    const FLAGS: *const u32 = (BASE + 0x18) as *const u32;
    const CONTROL: *mut u32 = (BASE + 0x30) as *mut u32;

    pub unsafe fn start() {
        unsafe { CONTROL.write_volatile(0x301) }
    }

    pub unsafe fn has_byte() -> bool {
        unsafe { FLAGS.read_volatile() & 0x10 == 0 }
    }

    pub unsafe fn has_room() -> bool {
        unsafe { FLAGS.read_volatile() & 0x20 == 0 }
    }
}

#[cfg(nrf51)]
mod registers {
    //! UART of the nRF51.
    const BASE: usize = 0x4000_2000;
    pub const DATA_IN: *const u32 = (BASE + 0x518) as *const u32;
    pub const DATA_OUT: *mut u32 = (BASE + 0x51c) as *mut u32;
    const RECEIVED: *mut u32 = (BASE + 0x108) as *mut u32;
    const SENT: *mut u32 = (BASE + 0x11c) as *mut u32;

    pub unsafe fn start() {
        unsafe {
            ((BASE + 0x500) as *mut u32).write_volatile(4);
            (BASE as *mut u32).write_volatile(1);
            ((BASE + 8) as *mut u32).write_volatile(1);
            SENT.write_volatile(1);
        }
    }

    pub unsafe fn has_byte() -> bool {
        unsafe {
            let received = RECEIVED.read_volatile() != 0;
            if received {
                RECEIVED.write_volatile(0);
            }
            received
        }
    }

    pub unsafe fn has_room() -> bool {
        unsafe {
            let sent = SENT.read_volatile() != 0;
            if sent {
                SENT.write_volatile(0);
            }
            sent
        }
    }
}

impl Uart {
    /// Turns the UART on; call it once.
    pub fn start() -> Uart {
        // SAFETY: the registers belong to this type alone.
        unsafe { registers::start() };
        Uart(())
    }
}

impl ErrorType for Uart {
    type Error = core::convert::Infallible;
}

impl Read for Uart {
    /// Waits for a byte, then takes what is there: pieces as they arrive.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        let mut len = 0;
        for place in buffer {
            // SAFETY: the registers belong to this type alone.
            unsafe {
                while !registers::has_byte() {
                    if len != 0 {
                        return Ok(len);
                    }
                }
                *place = registers::DATA_IN.read_volatile() as u8;
            }
            len += 1;
        }
        Ok(len)
    }
}

impl embedded_io_async::Read for Uart {
    /// The same, but others run while there is no byte.
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        let Some(first) = buffer.first_mut() else { return Ok(0) };
        *first = poll_fn(|context| {
            // SAFETY: the registers belong to this type alone.
            if unsafe { registers::has_byte() } {
                return Poll::Ready(unsafe { registers::DATA_IN.read_volatile() } as u8);
            }
            // There is no interrupt here that would wake it.
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        Ok(1)
    }
}

/// Polls a future to its end: all the executor that one task needs.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

impl Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        for byte in bytes {
            // SAFETY: the registers belong to this type alone.
            unsafe {
                while !registers::has_room() {}
                registers::DATA_OUT.write_volatile(u32::from(*byte));
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Ends QEMU.
pub fn exit(good: bool) -> ! {
    let reason = if good { 0x20026 } else { 0x20023 };
    loop {
        // SAFETY: a call to QEMU that touches no memory.
        unsafe { core::arch::asm!("bkpt #0xab", in("r0") 0x18, in("r1") reason) };
    }
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    defmt::error!("panicked");
    exit(false)
}
