//! Huffman tables (ISO/IEC 10918-1, Annexes C and F) and bits with stuffed zero bytes.

use crate::codec::CodecError;

/// Codes up to this long are decoded by one look-up.
const FAST_BITS: u32 = 9;

/// One table, ready for both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::codec) struct Table {
    /// Codes of each length from 1 to 16.
    counts: [u8; 16],
    /// Symbols in order of their codes.
    symbols: Vec<u8>,
    /// Symbol and length by the next [`FAST_BITS`] bits; length 0 for longer codes.
    fast: Vec<(u8, u8)>,
    /// Code and length by symbol; length 0 for symbols without a code.
    codes: Vec<(u16, u8)>,
}

impl Table {
    /// # Errors
    /// [`CodecError::Damaged`] if the lengths leave no room for a prefix code or a symbol has two codes.
    pub(in crate::codec) fn new(counts: [u8; 16], symbols: &[u8]) -> Result<Self, CodecError> {
        const BAD: CodecError = CodecError::Damaged("JPEG Huffman table");
        let mut fast = vec![(0, 0); 1 << FAST_BITS];
        let mut codes = vec![(0, 0); 256];
        let mut rest = symbols.iter();
        let mut code = 0u32;
        for (length, count) in (1u32..).zip(counts) {
            for _ in 0..count {
                let symbol = *rest.next().ok_or(BAD)?;
                let entry = codes.get_mut(usize::from(symbol)).ok_or(BAD)?;
                if code >> length != 0 || entry.1 != 0 {
                    return Err(BAD);
                }
                *entry = (code as u16, length as u8);
                if length <= FAST_BITS {
                    let first = (code << (FAST_BITS - length)) as usize;
                    fast[first..first + (1 << (FAST_BITS - length))].fill((symbol, length as u8));
                }
                code += 1;
            }
            code <<= 1;
        }
        if rest.next().is_some() {
            return Err(BAD);
        }
        Ok(Table {
            counts,
            symbols: symbols.to_vec(),
            fast,
            codes,
        })
    }

    /// Whether every symbol that occurs has a code.
    pub(in crate::codec) fn covers(&self, frequencies: &[u32; 256]) -> bool {
        self.codes
            .iter()
            .zip(frequencies)
            .all(|((_, length), n)| *n == 0 || *length > 0)
    }

    /// The content of a DHT segment for this table.
    pub(in crate::codec) fn definition(&self, class_and_id: u8) -> Vec<u8> {
        let mut body = vec![class_and_id];
        body.extend(self.counts);
        body.extend(&self.symbols);
        body
    }

    /// A table in which every symbol that occurs has a code of at most 16 bits, none all ones, frequent ones short (K.2).
    pub(in crate::codec) fn for_frequencies(frequencies: &[u32; 256]) -> Result<Self, CodecError> {
        // One symbol more takes the code of all ones. Weights are halved until no code is too long.
        let mut weights: Vec<(u64, Vec<usize>)> = Vec::new();
        let mut shift = 0;
        let lengths = loop {
            weights.clear();
            weights.push((1, vec![256]));
            weights.extend(
                frequencies
                    .iter()
                    .enumerate()
                    .filter(|(_, n)| **n > 0)
                    .map(|(s, n)| (u64::from(*n >> shift).max(1), vec![s])),
            );
            let lengths = code_lengths(&mut weights);
            if lengths.iter().all(|l| *l <= 16) {
                break lengths;
            }
            shift += 1;
        };
        let mut order: Vec<usize> = (0..256).filter(|s| lengths[*s] > 0).collect();
        order.sort_by_key(|s| lengths[*s]);
        let mut counts = [0u8; 16];
        for s in &order {
            counts[usize::from(lengths[*s]) - 1] += 1;
        }
        let symbols: Vec<u8> = order.iter().map(|s| *s as u8).collect();
        Table::new(counts, &symbols)
    }
}

/// Lengths of Huffman codes by symbol, 257 of them. The last symbol is among the longest; canonical order gives it the last code.
fn code_lengths(groups: &mut Vec<(u64, Vec<usize>)>) -> [u8; 257] {
    let mut lengths = [0u8; 257];
    while groups.len() > 1 {
        // Rarest last; ties by first symbol, larger first, so that the result is one and the same everywhere.
        groups.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let (Some(a), Some(b)) = (groups.pop(), groups.pop()) else {
            break;
        };
        let mut members = a.1;
        members.extend(b.1);
        for s in &members {
            lengths[*s] = lengths[*s].saturating_add(1);
        }
        groups.push((a.0 + b.0, members));
    }
    // The reserved symbol must own the very last code: give it the greatest length there is.
    if let Some(longest) = (0..256).max_by_key(|s| lengths[*s]) {
        lengths.swap(256, longest);
    }
    lengths
}

/// Reads the bits between two markers.
pub(in crate::codec) struct BitReader {
    /// Without stuffed bytes.
    bytes: Vec<u8>,
    pos: usize,
    cache: u64,
    bits: u32,
}

const CUT: CodecError = CodecError::Damaged("JPEG coded data ends early");

impl BitReader {
    pub(in crate::codec) fn new(coded: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(coded.len());
        let mut rest = coded;
        while let Some(at) = rest.iter().position(|b| *b == 0xff) {
            bytes.extend_from_slice(&rest[..=at]);
            rest = rest.get(at + 2..).unwrap_or(&[]);
        }
        bytes.extend_from_slice(rest);
        BitReader {
            bytes,
            pos: 0,
            cache: 0,
            bits: 0,
        }
    }

    /// Whether at most the padding of the last byte and two bytes more are unread.
    pub(in crate::codec) fn at_end(&self) -> bool {
        (self.bytes.len() - self.pos) * 8 + (self.bits as usize) < 24
    }

    fn refill(&mut self) {
        if let Some(next) = self.bytes.get(self.pos..).and_then(<[u8]>::first_chunk) {
            // Bits beyond the last whole byte are read again with the next one, and are the same then.
            self.cache |= u64::from_be_bytes(*next) >> self.bits;
            let count = (63 - self.bits) / 8;
            self.pos += count as usize;
            self.bits += 8 * count;
            return;
        }
        while self.bits <= 56 {
            let Some(byte) = self.bytes.get(self.pos) else {
                return;
            };
            self.cache |= u64::from(*byte) << (56 - self.bits);
            self.bits += 8;
            self.pos += 1;
        }
    }

    fn take(&mut self, count: u32) -> Result<u32, CodecError> {
        if self.bits < count {
            self.refill();
            if self.bits < count {
                return Err(CUT);
            }
        }
        let value = (self.cache >> 1) >> (63 - count);
        self.cache <<= count;
        self.bits -= count;
        Ok(value as u32)
    }

    /// The next symbol.
    pub(in crate::codec) fn symbol(&mut self, table: &Table) -> Result<u8, CodecError> {
        if self.bits < 16 {
            self.refill();
        }
        let (symbol, length) = table.fast[(self.cache >> (64 - FAST_BITS)) as usize];
        if length > 0 {
            self.take(length.into())?;
            return Ok(symbol);
        }
        let (mut first_code, mut first_index) = (0u32, 0usize);
        for (length, count) in (1u32..).zip(table.counts) {
            let code = (self.cache >> (64 - length)) as u32;
            if code - first_code < u32::from(count) {
                self.take(length)?;
                let index = first_index + (code - first_code) as usize;
                return table
                    .symbols
                    .get(index)
                    .copied()
                    .ok_or(CodecError::Damaged("JPEG code"));
            }
            first_code = (first_code + u32::from(count)) << 1;
            first_index += usize::from(count);
        }
        Err(CodecError::Damaged("JPEG code"))
    }

    /// The next bits as they are, up to 32.
    pub(in crate::codec) fn bits(&mut self, count: u32) -> Result<u32, CodecError> {
        if count == 0 { Ok(0) } else { self.take(count) }
    }

    /// A signed number of a size class (F.2.2.1), up to 15 bits.
    pub(in crate::codec) fn number(&mut self, size: u32) -> Result<i32, CodecError> {
        if size == 0 {
            return Ok(0);
        }
        let value = self.take(size)? as i32;
        Ok(if value >> (size - 1) == 0 {
            value - (1 << size) + 1
        } else {
            value
        })
    }
}

/// Writes bits with stuffed bytes.
pub(in crate::codec) struct BitWriter {
    pub(in crate::codec) out: Vec<u8>,
    cache: u64,
    bits: u32,
}

impl BitWriter {
    pub(in crate::codec) fn new(out: Vec<u8>) -> Self {
        BitWriter {
            out,
            cache: 0,
            bits: 0,
        }
    }

    pub(in crate::codec) fn write(&mut self, value: u32, count: u32) {
        self.cache = self.cache << count | u64::from(value);
        self.bits += count;
        if self.bits >= 32 {
            let four = ((self.cache >> (self.bits - 32)) as u32).to_be_bytes();
            if four.contains(&0xff) {
                self.whole_bytes();
            } else {
                self.out.extend(four);
                self.bits -= 32;
            }
        }
    }

    /// Moves out all whole bytes.
    fn whole_bytes(&mut self) {
        while self.bits >= 8 {
            self.bits -= 8;
            let byte = (self.cache >> self.bits) as u8;
            self.out.push(byte);
            if byte == 0xff {
                self.out.push(0);
            }
        }
    }

    /// # Errors
    /// [`CodecError::Input`] for a symbol without a code.
    pub(in crate::codec) fn symbol(&mut self, table: &Table, symbol: u8) -> Result<(), CodecError> {
        let (code, length) = table.codes[usize::from(symbol)];
        if length == 0 {
            return Err(CodecError::Input("symbol without a JPEG code"));
        }
        self.write(code.into(), length.into());
        Ok(())
    }

    /// The bits of a number behind its size class.
    pub(in crate::codec) fn number(&mut self, value: i32, size: u32) {
        let bits = if value < 0 { value - 1 } else { value };
        self.write(bits as u32 & ((1 << size) - 1), size);
    }

    /// Fills the last byte with ones (F.1.2.3). A marker may follow.
    pub(in crate::codec) fn finish(&mut self) {
        self.whole_bytes();
        if self.bits > 0 {
            let fill = 8 - self.bits;
            self.write((1 << fill) - 1, fill);
            self.whole_bytes();
        }
    }
}

/// Bits needed for a number (F.1.2.1).
pub(in crate::codec) fn size_class(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_made_for_symbols_cover_them_and_leave_all_ones_free() {
        let fibonacci = |i: usize| (0..i).fold((1u32, 1u32), |(a, b), _| (b, a + b)).0;
        for case in 0..4 {
            let mut frequencies = [0u32; 256];
            match case {
                0 => frequencies[7] = 3,
                1 => frequencies.fill(1),
                // Would need codes of 40 bits.
                2 => (0..40).for_each(|i| frequencies[i * 5] = fibonacci(i)),
                _ => (0..256).for_each(|i| frequencies[i] = (i as u32 * 7919) % 1000),
            }
            let table = Table::for_frequencies(&frequencies).unwrap();
            assert!(table.covers(&frequencies));
            let mut w = BitWriter::new(Vec::new());
            let present: Vec<u8> = (0..=255)
                .filter(|s| frequencies[usize::from(*s)] > 0)
                .collect();
            for s in &present {
                let (code, length) = table.codes[usize::from(*s)];
                assert_ne!(u32::from(code), (1 << length) - 1);
                w.symbol(&table, *s).unwrap();
            }
            w.finish();
            let mut r = BitReader::new(&w.out);
            for s in &present {
                assert_eq!(r.symbol(&table).unwrap(), *s);
            }
        }
    }

    #[test]
    fn impossible_tables_are_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Table::new(counts, &[1, 2, 3]).is_err());
        counts[0] = 2;
        assert!(Table::new(counts, &[1]).is_err());
        assert!(Table::new(counts, &[1, 1]).is_err());
        assert!(Table::new(counts, &[1, 2, 3]).is_err());
    }

    #[test]
    fn numbers_come_back() {
        let mut w = BitWriter::new(Vec::new());
        for value in (-32767..=32767).step_by(37) {
            w.number(value, size_class(value));
        }
        w.finish();
        let mut r = BitReader::new(&w.out);
        for value in (-32767..=32767).step_by(37) {
            assert_eq!(r.number(size_class(value)).unwrap(), value);
        }
    }
}
