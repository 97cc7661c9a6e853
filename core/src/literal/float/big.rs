//! Natural numbers of one size, lowest limb first.

/// Limbs of the largest number: 769 digits, or 5^1093, and a bit.
pub(super) const LIMBS: usize = 82;

/// The largest power of five in 64 bits.
#[cfg(feature = "text-float")]
pub(super) const POW5_64: u32 = 27;

/// A natural number, lowest limb first.
#[derive(Clone)]
pub(super) struct Big {
    pub limbs: [u32; LIMBS],
    pub len: usize,
}

impl Big {
    pub fn new(value: u64) -> Big {
        let mut big = Big { limbs: [0; LIMBS], len: 2 };
        for (slot, limb) in big.limbs.iter_mut().zip([value as u32, (value >> 32) as u32]) {
            *slot = limb;
        }
        big.trim();
        big
    }

    pub fn used(&self) -> &[u32] {
        self.limbs.get(..self.len).unwrap_or_default()
    }

    pub fn used_mut(&mut self) -> &mut [u32] {
        self.limbs.get_mut(..self.len).unwrap_or_default()
    }

    pub fn trim(&mut self) {
        while let [rest @ .., 0] = self.used() {
            self.len = rest.len();
        }
    }

    /// A limb on top. No number here outgrows its room.
    pub fn grow(&mut self, limb: u32) {
        if limb != 0
            && let Some(slot) = self.limbs.get_mut(self.len)
        {
            *slot = limb;
            self.len += 1;
        }
    }

    pub fn mul_add(&mut self, factor: u32, mut carry: u32) {
        for limb in self.used_mut() {
            let wide = u64::from(*limb) * u64::from(factor) + u64::from(carry);
            *limb = wide as u32;
            carry = (wide >> 32) as u32;
        }
        self.grow(carry);
    }

    pub fn mul_pow5(&mut self, mut power: u32) {
        while power != 0 {
            // 5^13 is the largest in 32 bits.
            let step = power.min(13);
            self.mul_add(5u32.wrapping_pow(step), 0);
            power -= step;
        }
    }

    #[cfg(feature = "text-float")]
    pub fn bits(&self) -> u32 {
        let top = self.used().last().map_or(0, |limb| 32 - limb.leading_zeros());
        (self.len as u32).saturating_sub(1) * 32 + top
    }

    pub fn shl(&mut self, bits: u32) {
        let limbs = (bits / 32) as usize;
        if limbs != 0 && self.len != 0 {
            let len = (self.len + limbs).min(LIMBS);
            for at in (0..len).rev() {
                let below = at.checked_sub(limbs).and_then(|at| self.limbs.get(at)).copied().unwrap_or(0);
                if let Some(slot) = self.limbs.get_mut(at) {
                    *slot = below;
                }
            }
            self.len = len;
        }
        if !bits.is_multiple_of(32) {
            self.mul_add(1 << (bits % 32), 0);
        }
    }

    pub fn cmp(&self, other: &Big) -> core::cmp::Ordering {
        self.len.cmp(&other.len).then_with(|| self.used().iter().rev().cmp(other.used().iter().rev()))
    }

    pub fn is_less(&self, other: &Big) -> bool {
        self.cmp(other).is_lt()
    }

    /// Takes away what is not larger.
    pub fn sub(&mut self, other: &Big) {
        let mut borrow = false;
        for (limb, away) in self.used_mut().iter_mut().zip(other.limbs) {
            let (less, under) = limb.overflowing_sub(away);
            let (less, under_too) = less.overflowing_sub(u32::from(borrow));
            *limb = less;
            borrow = under | under_too;
        }
        self.trim();
    }
}
