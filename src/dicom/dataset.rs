//! A data set as a tree of byte ranges into the file it was read from (PS3.5 section 7).
//!
//! Takes the bytes of a data set and its encoding; gives every element with its place, sequences opened to any depth.
//! Nothing is copied: an element that nobody changes can be written again byte for byte, which is how "nothing else
//! changes" is kept. Values are interpreted in [`super::value`]. Bounds are checked at every step; what does not add up
//! is refused, never repaired.

use crate::outcome::{Reason, Refusal};
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use std::ops::Range;

/// How elements are encoded (PS3.5 section 7.1 and annex A).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Implicit VR Little Endian.
    ImplicitLe,
    /// Explicit VR Little Endian.
    ExplicitLe,
    /// Explicit VR Big Endian (retired); converted to little endian while reading.
    ExplicitBe,
}

/// Elements in one object; guards memory against files made of empty elements.
const MAX_ELEMENTS: usize = 4_000_000;

const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);
const UNDEFINED: u32 = u32::MAX;

/// What an element holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Bytes of the source.
    Source(Range<usize>),
    /// New bytes, little endian.
    Owned(Vec<u8>),
    /// Items of a sequence.
    Items(Vec<Item>),
    /// Fragments of an encapsulated value, the offset table first.
    Fragments(Vec<Range<usize>>),
}

/// One element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its tag.
    pub tag: Tag,
    /// VR as encoded, or from the dictionary for implicit VR.
    pub vr: VR,
    /// The whole element in the source, header included; `None` once it was changed.
    pub source: Option<Range<usize>>,
    /// Whether its length was given as undefined.
    pub undefined: bool,
    /// Its value.
    pub value: Value,
}

/// One item of a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Whether its length was given as undefined.
    pub undefined: bool,
    /// Its elements.
    pub set: DataSet,
}

/// Elements in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSet {
    /// How the elements are encoded in the source, and how changed ones are to be.
    pub encoding: Encoding,
    /// The elements.
    pub elements: Vec<Element>,
}

impl DataSet {
    /// An empty data set.
    pub fn new(encoding: Encoding) -> Self {
        DataSet {
            encoding,
            elements: Vec::new(),
        }
    }

    /// The element with this tag.
    pub fn get(&self, tag: Tag) -> Option<&Element> {
        self.elements.iter().find(|e| e.tag == tag)
    }

    /// The items of a sequence; none where it is absent or not a sequence.
    pub fn items(&self, tag: Tag) -> &[Item] {
        match self.get(tag).map(|e| &e.value) {
            Some(Value::Items(items)) => items,
            _ => &[],
        }
    }

    /// Puts an element in its place by tag, replacing one of the same tag.
    pub fn put(&mut self, element: Element) {
        match self.elements.iter().position(|e| e.tag >= element.tag) {
            Some(i) if self.elements[i].tag == element.tag => self.elements[i] = element,
            Some(i) => self.elements.insert(i, element),
            None => self.elements.push(element),
        }
    }
}

/// A data set with what followed it.
#[derive(Debug)]
pub struct Parsed {
    /// The elements; group lengths and trailing padding are left out.
    pub set: DataSet,
    /// Bytes after the last element that were padding: zeros or (FFFC,FFFC).
    pub trailing: usize,
}

/// Reads the data set in `bytes[range]`.
///
/// # Errors
/// `truncated` where an element runs past the end, `damaged` where bytes are no element, `limit` for depth and number.
pub fn parse(
    bytes: &[u8],
    range: Range<usize>,
    encoding: Encoding,
    max_depth: u32,
) -> Result<Parsed, Refusal> {
    let mut p = Parser {
        bytes,
        max_depth,
        count: 0,
    };
    p.data_set(range, encoding)
}

/// Where the leading elements of a group end; `None` where there are none or they cannot be walked.
pub fn group_end(bytes: &[u8], start: usize, group: u16, encoding: Encoding) -> Option<usize> {
    let p = Parser {
        bytes,
        max_depth: 0,
        count: 0,
    };
    let mut at = start;
    while bytes.get(at..at.checked_add(2)?) == Some(&group.to_le_bytes()) {
        let h = p.header(at, bytes.len(), encoding).ok()?;
        at = at.checked_add(h.size)?.checked_add(h.len as usize)?;
        if at > bytes.len() {
            return None;
        }
    }
    (at > start).then_some(at)
}

/// The leading elements of a data set up to group `last`, from the first part of a file.
#[derive(Debug)]
pub struct Leading {
    /// The elements.
    pub set: DataSet,
    /// Whether an element of a later group follows, so that nothing of the groups asked for is missing.
    pub complete: bool,
}

/// Reads elements from `start` on until one of a group above `last` comes, or the bytes end.
///
/// # Errors
/// `damaged` where bytes are no element, `limit` for depth and number.
pub fn leading(
    bytes: &[u8],
    start: usize,
    last: u16,
    encoding: Encoding,
    max_depth: u32,
) -> Result<Leading, Refusal> {
    let mut p = Parser {
        bytes,
        max_depth,
        count: 0,
    };
    let mut set = DataSet::new(encoding);
    let (mut at, end) = (start.min(bytes.len()), bytes.len());
    while end - at >= 8 {
        let group = p.u16(at, encoding).unwrap_or_default();
        if group > last {
            return Ok(Leading {
                set,
                complete: true,
            });
        }
        match p.element(at, end, encoding, 0) {
            Ok((element, next)) => {
                set.elements.push(element);
                at = next;
            }
            Err(e) if e.reason == Reason::Truncated => break,
            Err(e) => return Err(e),
        }
    }
    Ok(Leading {
        set,
        complete: false,
    })
}

/// VR of a tag by the standard's dictionary; `UN` where it is not in there. Ambiguous ones take the wider use.
pub fn dictionary_vr(tag: Tag) -> VR {
    if tag.0 % 2 == 1 {
        return if (0x0010..=0x00FF).contains(&tag.1) {
            VR::LO
        } else {
            VR::UN
        };
    }
    if tag.1 == 0 {
        return VR::UL;
    }
    match StandardDataDictionary.by_tag(tag).map(|e| e.vr()) {
        Some(VirtualVr::Exact(vr)) => vr,
        Some(VirtualVr::Xs) => VR::US,
        Some(VirtualVr::Ox | VirtualVr::Px | VirtualVr::Lt) => VR::OW,
        _ => VR::UN,
    }
}

/// Whether the standard's dictionary lists a tag with this VR, or with one that stands for it.
pub fn is_known_as(tag: Tag, vr: VR) -> bool {
    match StandardDataDictionary.by_tag(tag).map(|e| e.vr()) {
        Some(VirtualVr::Exact(exact)) => exact == vr,
        Some(VirtualVr::Xs) => matches!(vr, VR::US | VR::SS),
        Some(VirtualVr::Ox | VirtualVr::Px) => matches!(vr, VR::OB | VR::OW),
        Some(VirtualVr::Lt) => matches!(vr, VR::US | VR::SS | VR::OW),
        _ => false,
    }
}

/// Whether explicit headers of this VR hold a 32-bit length (PS3.5 table 7.1-1).
pub fn has_long_length(vr: VR) -> bool {
    !matches!(
        vr,
        VR::AE
            | VR::AS
            | VR::AT
            | VR::CS
            | VR::DA
            | VR::DS
            | VR::DT
            | VR::FL
            | VR::FD
            | VR::IS
            | VR::LO
            | VR::LT
            | VR::PN
            | VR::SH
            | VR::SL
            | VR::SS
            | VR::ST
            | VR::TM
            | VR::UI
            | VR::UL
            | VR::US
    )
}

struct Header {
    tag: Tag,
    vr: VR,
    len: u32,
    size: usize,
}

struct Parser<'a> {
    bytes: &'a [u8],
    max_depth: u32,
    count: usize,
}

fn damaged(what: &str, at: usize) -> Refusal {
    Refusal::new(Reason::Damaged, format!("{what} at byte {at}"))
}

fn truncated(tag: Tag) -> Refusal {
    Refusal::new(
        Reason::Truncated,
        format!("element {tag} runs past the end of the data"),
    )
}

impl Parser<'_> {
    fn u16(&self, at: usize, e: Encoding) -> Option<u16> {
        let b = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(match e {
            Encoding::ExplicitBe => u16::from_be_bytes(b),
            _ => u16::from_le_bytes(b),
        })
    }

    fn u32(&self, at: usize, e: Encoding) -> Option<u32> {
        let b = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match e {
            Encoding::ExplicitBe => u32::from_be_bytes(b),
            _ => u32::from_le_bytes(b),
        })
    }

    fn header(&self, at: usize, end: usize, e: Encoding) -> Result<Header, Refusal> {
        let short = || Refusal::new(Reason::Truncated, format!("half an element at byte {at}"));
        if end - at < 8 {
            return Err(short());
        }
        let tag = Tag(
            self.u16(at, e).ok_or_else(short)?,
            self.u16(at + 2, e).ok_or_else(short)?,
        );
        // Item headers carry no VR in any encoding.
        if tag.0 == 0xFFFE || e == Encoding::ImplicitLe {
            let len = self.u32(at + 4, e).ok_or_else(short)?;
            return Ok(Header {
                tag,
                vr: dictionary_vr(tag),
                len,
                size: 8,
            });
        }
        let raw = [self.bytes[at + 4], self.bytes[at + 5]];
        let vr = match VR::from_binary(raw) {
            Some(vr) => vr,
            // PS3.5 section 6.2: VRs of later editions use the long form; the value is opaque.
            None if raw.iter().all(u8::is_ascii_uppercase) => VR::UN,
            None => return Err(damaged("no value representation", at)),
        };
        if VR::from_binary(raw).is_none() || has_long_length(vr) {
            if end - at < 12 {
                return Err(short());
            }
            let len = self.u32(at + 8, e).ok_or_else(short)?;
            return Ok(Header {
                tag,
                vr,
                len,
                size: 12,
            });
        }
        let len = u32::from(self.u16(at + 6, e).ok_or_else(short)?);
        Ok(Header {
            tag,
            vr,
            len,
            size: 8,
        })
    }

    fn data_set(&mut self, range: Range<usize>, encoding: Encoding) -> Result<Parsed, Refusal> {
        let (mut at, end) = (range.start, range.end.min(self.bytes.len()));
        let mut set = DataSet::new(encoding);
        let mut trailing = 0;
        while at < end {
            let rest = &self.bytes[at..end];
            if rest.iter().all(|b| *b == 0) {
                trailing += rest.len();
                break;
            }
            let (element, next) = self.element(at, end, encoding, 0)?;
            if element.tag == Tag(0xFFFC, 0xFFFC) {
                trailing += next - at;
            } else if element.tag.1 != 0 {
                set.elements.push(element);
            }
            at = next;
        }
        // Order is a rule of PS3.5 section 7.1 that old writers broke; two values for one attribute are ambiguous.
        set.elements.sort_by_key(|e| e.tag);
        if let Some(w) = set.elements.windows(2).find(|w| w[0].tag == w[1].tag) {
            return Err(Refusal::new(
                Reason::Inconsistent,
                format!("attribute {} is there twice", w[0].tag),
            ));
        }
        Ok(Parsed { set, trailing })
    }

    fn element(
        &mut self,
        at: usize,
        end: usize,
        encoding: Encoding,
        depth: u32,
    ) -> Result<(Element, usize), Refusal> {
        self.count += 1;
        if self.count > MAX_ELEMENTS {
            return Err(Refusal::new(Reason::Limit, "too many elements"));
        }
        let h = self.header(at, end, encoding)?;
        if h.tag.0 == 0xFFFE || h.tag.0 == 0 {
            return Err(damaged("not an element of a data set", at));
        }
        let start = at + h.size;
        let undefined = h.len == UNDEFINED;
        let (value, next) = if undefined {
            self.undefined_value(&h, start, end, encoding, depth)?
        } else {
            let stop = start
                .checked_add(h.len as usize)
                .filter(|s| *s <= end)
                .ok_or_else(|| truncated(h.tag))?;
            (self.defined_value(&h, start..stop, encoding, depth)?, stop)
        };
        Ok((
            Element {
                tag: h.tag,
                vr: h.vr,
                source: Some(at..next),
                undefined,
                value,
            },
            next,
        ))
    }

    fn undefined_value(
        &mut self,
        h: &Header,
        start: usize,
        end: usize,
        encoding: Encoding,
        depth: u32,
    ) -> Result<(Value, usize), Refusal> {
        let pixel_data = h.tag == Tag(0x7FE0, 0x0010);
        match h.vr {
            VR::OB | VR::OW | VR::OD | VR::OF | VR::OL | VR::OV => {
                self.fragments(start, end, encoding)
            }
            _ if pixel_data => self.fragments(start, end, encoding),
            // PS3.5 section 6.2.2: an unknown VR of undefined length is a sequence in implicit VR.
            VR::UN => {
                let (items, next) = self.items(start, end, true, Encoding::ImplicitLe, depth)?;
                Ok((Value::Items(items), next))
            }
            VR::SQ => {
                let (items, next) = self.items(start, end, true, encoding, depth)?;
                Ok((Value::Items(items), next))
            }
            _ => Err(damaged("undefined length for a plain value", start)),
        }
    }

    fn defined_value(
        &mut self,
        h: &Header,
        range: Range<usize>,
        encoding: Encoding,
        depth: u32,
    ) -> Result<Value, Refusal> {
        if h.vr == VR::SQ {
            let (items, _) = self.items(range.start, range.end, false, encoding, depth)?;
            return Ok(Value::Items(items));
        }
        // Sequences that travel as UN: opened where that works out to the last byte, opaque where not.
        let looks_like_items = self.bytes[range.clone()].starts_with(&[0xFE, 0xFF, 0x00, 0xE0]);
        if h.vr == VR::UN && looks_like_items && encoding != Encoding::ExplicitBe {
            // The element count is not set back after a failed attempt: nested attempts stay bounded by it.
            for inner in [Encoding::ImplicitLe, Encoding::ExplicitLe] {
                if let Ok((items, _)) = self.items(range.start, range.end, false, inner, depth) {
                    return Ok(Value::Items(items));
                }
            }
        }
        Ok(Value::Source(range))
    }

    fn items(
        &mut self,
        start: usize,
        end: usize,
        delimited: bool,
        encoding: Encoding,
        depth: u32,
    ) -> Result<(Vec<Item>, usize), Refusal> {
        if depth >= self.max_depth {
            return Err(Refusal::new(Reason::Limit, "sequences nested too deeply"));
        }
        let (mut at, mut items) = (start, Vec::new());
        loop {
            self.count += 1;
            if self.count > MAX_ELEMENTS {
                return Err(Refusal::new(Reason::Limit, "too many items"));
            }
            if at == end && !delimited {
                return Ok((items, at));
            }
            let h = self.header(at, end, encoding)?;
            at += h.size;
            match h.tag {
                SEQUENCE_END if delimited && h.len == 0 => return Ok((items, at)),
                ITEM => {}
                _ => return Err(damaged("no item where one has to be", at - h.size)),
            }
            let undefined = h.len == UNDEFINED;
            let stop = if undefined {
                end
            } else {
                at.checked_add(h.len as usize)
                    .filter(|s| *s <= end)
                    .ok_or_else(|| truncated(ITEM))?
            };
            let mut set = DataSet::new(encoding);
            loop {
                if at == stop && !undefined {
                    break;
                }
                if undefined {
                    let h = self.header(at, stop, encoding)?;
                    if h.tag == ITEM_END && h.len == 0 {
                        at += h.size;
                        break;
                    }
                }
                let (e, next) = self.element(at, stop, encoding, depth + 1)?;
                set.elements.push(e);
                at = next;
            }
            items.push(Item { undefined, set });
        }
    }

    fn fragments(
        &mut self,
        start: usize,
        end: usize,
        encoding: Encoding,
    ) -> Result<(Value, usize), Refusal> {
        let (mut at, mut list) = (start, Vec::new());
        loop {
            self.count += 1;
            if self.count > MAX_ELEMENTS {
                return Err(Refusal::new(Reason::Limit, "too many fragments"));
            }
            let h = self.header(at, end, encoding)?;
            at += h.size;
            match h.tag {
                SEQUENCE_END if h.len == 0 => return Ok((Value::Fragments(list), at)),
                ITEM if h.len != UNDEFINED => {}
                _ => return Err(damaged("no fragment where one has to be", at - h.size)),
            }
            let stop = at
                .checked_add(h.len as usize)
                .filter(|s| *s <= end)
                .ok_or_else(|| truncated(ITEM))?;
            list.push(at..stop);
            at = stop;
        }
    }
}
