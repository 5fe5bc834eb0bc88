//! Bits of JPEG-LS entropy-coded segments: after a byte of ones the next byte carries seven bits (ISO 14495-1, A.1).

/// Reads one segment. Behind its end come zero bits; [`BitReader::intact`] tells whether any were used.
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    pos: usize,
    after_ff: bool,
    /// Unread bits from the top down. Bits below the first `bits` may already hold what comes next.
    cache: u64,
    bits: u32,
    /// Zero bits made up behind the end of the segment.
    made_up: u64,
    bad_code: bool,
}

const LOW_BITS: u64 = 0x0101_0101_0101_0101;

/// Whether one of the bytes is all ones.
fn has_ff(word: u64) -> bool {
    (!word).wrapping_sub(LOW_BITS) & word & (LOW_BITS << 7) != 0
}

impl<'a> BitReader<'a> {
    /// A reader of a segment that ends before the next marker.
    pub(super) fn new(data: &'a [u8]) -> Self {
        BitReader {
            data,
            pos: 0,
            after_ff: false,
            cache: 0,
            bits: 0,
            made_up: 0,
            bad_code: false,
        }
    }

    /// Whether all bits read so far were there and all codes possible.
    pub(super) fn intact(&self) -> bool {
        !self.bad_code && self.made_up <= u64::from(self.bits)
    }

    /// Whether nothing but the padding of the last byte (and of a byte stuffed behind it) is unread.
    pub(super) fn at_end(&self) -> bool {
        let behind = (self.data.len() - self.pos) as u64 * 8;
        (u64::from(self.bits) + behind).saturating_sub(self.made_up) < 16
    }

    /// Marks what was just read as impossible.
    pub(super) fn reject(&mut self) {
        self.bad_code = true;
    }

    /// Leaves at least 57 bits in the cache.
    #[inline]
    fn refill(&mut self) {
        if self.bits > 56 {
            return;
        }
        if let Some(next) = self.data[self.pos..].first_chunk() {
            let word = u64::from_be_bytes(*next);
            if !self.after_ff && !has_ff(word) {
                self.cache |= word >> self.bits;
                let bytes = (63 - self.bits) / 8;
                self.pos += bytes as usize;
                self.bits += bytes * 8;
                return;
            }
        }
        self.refill_bytes();
    }

    #[cold]
    fn refill_bytes(&mut self) {
        while self.bits <= 56 {
            let Some(&byte) = self.data.get(self.pos) else {
                self.made_up += u64::from(64 - self.bits);
                self.bits = 64;
                return;
            };
            let width = if self.after_ff { 7 } else { 8 };
            self.cache |= u64::from(byte) << (64 - self.bits - width);
            self.bits += width;
            self.pos += 1;
            self.after_ff = byte == 0xff;
        }
    }

    /// Takes bits that are in the cache; at most 57.
    #[inline]
    fn take(&mut self, count: u32) -> u32 {
        let value = (self.cache >> 1) >> (63 - count);
        self.cache <<= count;
        self.bits -= count;
        value as u32
    }

    /// Reads up to 32 bits as a number.
    #[inline]
    pub(super) fn read(&mut self, count: u32) -> u32 {
        self.refill();
        self.take(count)
    }

    /// Reads a number in the limited Golomb code (A.5.3): `max_unary` zeros announce one of `escape_bits` bits.
    #[inline]
    pub(super) fn golomb(&mut self, k: u32, max_unary: u32, escape_bits: u32) -> u32 {
        self.refill();
        let zeros = self.cache.leading_zeros();
        if zeros > max_unary {
            self.bad_code = true;
            return 0;
        }
        self.take(zeros + 1);
        if self.bits < 32 {
            self.refill();
        }
        if zeros < max_unary {
            zeros << k | self.take(k)
        } else {
            self.take(escape_bits) + 1
        }
    }
}

/// Writes segments.
pub(super) struct BitWriter {
    /// Whole bytes so far; markers may be pushed between segments.
    pub(super) out: Vec<u8>,
    /// The last `bits` bits are not written yet; fewer than 32 between calls.
    cache: u64,
    bits: u32,
    after_ff: bool,
}

impl BitWriter {
    /// Goes on behind these bytes.
    pub(super) fn new(out: Vec<u8>) -> Self {
        BitWriter {
            out,
            cache: 0,
            bits: 0,
            after_ff: false,
        }
    }

    /// Writes the low `count` bits (at most 32) of `value`, which has no others set.
    #[inline]
    pub(super) fn write(&mut self, value: u32, count: u32) {
        self.cache = self.cache << count | u64::from(value);
        self.bits += count;
        if self.bits >= 32 {
            let word = (self.cache >> (self.bits - 32)) as u32;
            if self.after_ff || has_ff(u64::from(word)) {
                self.write_bytes();
            } else {
                self.out.extend_from_slice(&word.to_be_bytes());
                self.bits -= 32;
            }
        }
    }

    #[cold]
    fn write_bytes(&mut self) {
        loop {
            let width = if self.after_ff { 7 } else { 8 };
            if self.bits < width {
                return;
            }
            self.bits -= width;
            let byte = (self.cache >> self.bits) as u8 & (0xff >> (8 - width));
            self.out.push(byte);
            self.after_ff = byte == 0xff;
        }
    }

    /// Writes a number in the limited Golomb code (A.5.3).
    #[inline]
    pub(super) fn golomb(&mut self, value: u32, k: u32, max_unary: u32, escape_bits: u32) {
        let zeros = value >> k;
        let (zeros, tail, tail_bits) = if zeros < max_unary {
            (zeros, value & ((1 << k) - 1), k)
        } else {
            (max_unary, value - 1, escape_bits)
        };
        if zeros + 1 + tail_bits <= 32 {
            self.write(1 << tail_bits | tail, zeros + 1 + tail_bits);
        } else {
            self.write(0, zeros / 2);
            self.write(1, zeros - zeros / 2 + 1);
            self.write(tail, tail_bits);
        }
    }

    /// Fills the last byte with zeros. A marker may follow.
    pub(super) fn finish_segment(&mut self) {
        self.write_bytes();
        if self.bits > 0 || self.after_ff {
            let width = if self.after_ff { 7 } else { 8 };
            self.write(0, width - self.bits);
            self.write_bytes();
        }
        if self.after_ff {
            self.out.push(0);
        }
        (self.bits, self.after_ff) = (0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_bit_is_stuffed_after_a_byte_of_ones() {
        let mut w = BitWriter::new(Vec::new());
        w.write(0xff_ff, 16);
        w.finish_segment();
        assert_eq!(w.out, [0xff, 0x7f, 0x80]);
        w.write(0xff, 8);
        w.finish_segment();
        assert_eq!(w.out[3..], [0xff, 0x00]);
    }

    #[test]
    fn written_bits_come_back() {
        let mut s = 1u32;
        let items: Vec<(u32, u32)> = (0..5000)
            .map(|i| {
                s = s.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let count = s >> 27;
                // Many ones, so that stuffing happens.
                let value = if i % 3 == 0 {
                    u32::MAX
                } else {
                    s.rotate_left(9)
                };
                (value & ((1u64 << count) - 1) as u32, count)
            })
            .collect();
        let mut w = BitWriter::new(Vec::new());
        for &(value, count) in &items {
            w.write(value, count);
            w.golomb(value & 0x1ff, 2, 23, 9);
        }
        w.finish_segment();
        assert!(!w.out.windows(2).any(|p| p[0] == 0xff && p[1] >= 0x80));
        let mut r = BitReader::new(&w.out);
        for &(value, count) in &items {
            assert_eq!(r.read(count), value);
            assert_eq!(r.golomb(2, 23, 9), value & 0x1ff);
        }
        assert!(r.intact() && r.at_end());
        r.read(32);
        assert!(!r.intact());
    }
}
