//! The `pickle` command.
mod canonical;
use pickle_core::*;
use std::io::Write;
fn main() {
    let out = std::io::stdout();
    let mut out = std::io::BufWriter::new(out.lock());
    for path in std::env::args().skip(1) {
        let data = std::fs::read(&path).unwrap();
        let mut u = Unpickler::new(Heap::new(), Options { stop_after_build: true, ..Options::new() });
        let mut at = 0;
        let mut n = 0;
        while at < data.len() {
            u.begin_at(at as u64, false);
            let r = loop {
                match u.advance(&data) {
                    Ok(Status::Built) => {
                        if let Err(e) = joblib::take_array(&mut u, &data) {
                            break Err(e);
                        }
                    }
                    Ok(_) => break Ok(()),
                    Err(e) => break Err(e),
                }
            };
            write!(out, "{path}\t{n}\t").unwrap();
            match r {
                Ok(()) => {
                    canonical::write(&u.document_in(&data), &mut out).unwrap();
                    writeln!(out).unwrap();
                }
                Err(e) => {
                    writeln!(out, "ERR {e}").unwrap();
                    break;
                }
            }
            at = u.offset() as usize;
            n += 1;
        }
    }
}
