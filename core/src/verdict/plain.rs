//! The bytes of an array behind a joblib wrapper, as `pickle.load` reads them: opcodes.

use crate::{Decoder, OpKind, Opcode, Step};

/// Opcodes that are looked at: data is none after a few.
const MOST: u32 = 4096;

/// Reads bytes as opcodes, for as long as they are some.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    decoder: Decoder,
    left: u32,
    /// Opcodes that bring what may be the operand of STACK_GLOBAL to the top.
    brought: u32,
    /// The argument in progress is no name.
    odd: bool,
}

impl Default for Plain {
    fn default() -> Self {
        Plain { decoder: Decoder::lenient(), left: MOST, brought: 0, odd: false }
    }
}

impl Plain {
    /// True where one of them imports a global.
    pub fn imports(&mut self, mut data: &[u8]) -> bool {
        while self.left > 0 && !data.is_empty() {
            let (opcode, bytes, last) = match self.decoder.next(&mut data) {
                Ok(Step::Op(op)) => (op.opcode, op.bytes(), true),
                Ok(Step::Fragment(fragment)) => (fragment.opcode, fragment.data, fragment.last),
                Ok(Step::NeedMore) => return false,
                Ok(Step::Raw(_) | Step::End) | Err(_) => {
                    self.left = 0;
                    return false;
                }
            };
            // No module has other names; data does.
            self.odd |= !bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b'\n');
            if !last {
                continue;
            }
            self.left -= 1;
            match opcode.kind() {
                OpKind::Global if opcode == Opcode::StackGlobal => {
                    if self.brought > 1 {
                        self.left = 0;
                        return true;
                    }
                }
                OpKind::Global => {
                    self.left = 0;
                    return !self.odd;
                }
                OpKind::Instance if opcode == Opcode::Inst => {
                    self.left = 0;
                    return !self.odd;
                }
                OpKind::Stop => self.left = 0,
                OpKind::Str | OpKind::String2 | OpKind::Fetch | OpKind::Pop | OpKind::PopMark => self.brought += 1,
                OpKind::Proto
                | OpKind::Frame
                | OpKind::Mark
                | OpKind::Dup
                | OpKind::Store
                | OpKind::None
                | OpKind::Bool
                | OpKind::Int
                | OpKind::Float
                | OpKind::Bytes
                | OpKind::ByteArray
                | OpKind::Buffer
                | OpKind::List
                | OpKind::Tuple
                | OpKind::Dict
                | OpKind::Set
                | OpKind::FrozenSet
                | OpKind::Append
                | OpKind::SetItem
                | OpKind::Add
                | OpKind::Extension
                | OpKind::Persistent
                | OpKind::Call
                | OpKind::New
                | OpKind::Instance
                | OpKind::Build => {}
            }
            self.odd = false;
        }
        false
    }

    /// Nothing more can come of it.
    pub fn is_over(&self) -> bool {
        self.left == 0
    }
}
