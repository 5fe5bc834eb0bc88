//! Small synthetic objects for tests, in the library and in `tests/`: an encoder of its own, so that it can judge the one
//! of the product.
#![allow(dead_code, reason = "every test uses a part of it")]

/// One element: group, element, VR, value as little-endian bytes.
pub type E = (u16, u16, &'static str, Vec<u8>);

/// Pixel data of a sample.
#[derive(Clone, Debug)]
pub enum Pixels {
    /// Native, little endian.
    Native(Vec<u8>),
    /// Float (32 bits) or Double Float Pixel Data, little endian.
    Float(u16, Vec<u8>),
    /// Items of an encapsulated value, the offset table first.
    Items(Vec<Vec<u8>>),
    /// No Pixel Data.
    None,
}

/// How the data set is encoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// Implicit VR Little Endian.
    Implicit,
    /// Explicit VR Little Endian.
    Explicit,
    /// Explicit VR Big Endian.
    Big,
}

/// A synthetic object.
#[derive(Clone, Debug)]
pub struct Sample {
    /// (0002,0010).
    pub syntax: &'static str,
    /// Elements in ascending order, without Pixel Data.
    pub elements: Vec<E>,
    /// Pixel Data.
    pub pixels: Pixels,
    /// VR of Pixel Data.
    pub pixel_vr: &'static str,
}

pub fn us(v: u16) -> Vec<u8> {
    v.to_le_bytes().to_vec()
}

pub fn text(v: &str) -> Vec<u8> {
    v.as_bytes().to_vec()
}

/// Items of a sequence in the form of the whole object: their elements; `None` gives items of undefined length.
pub fn sequence(items: &[Vec<E>], form: Form, defined: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        let content: Vec<u8> = item.iter().flat_map(|e| element(e, form)).collect();
        let len = if defined {
            content.len() as u32
        } else {
            u32::MAX
        };
        tag(0xFFFE, 0xE000, form, &mut out);
        number(len, form, &mut out);
        out.extend_from_slice(&content);
        if !defined {
            tag(0xFFFE, 0xE00D, form, &mut out);
            number(0, form, &mut out);
        }
    }
    out
}

fn tag(g: u16, e: u16, form: Form, out: &mut Vec<u8>) {
    for v in [g, e] {
        out.extend_from_slice(&match form {
            Form::Big => v.to_be_bytes(),
            _ => v.to_le_bytes(),
        });
    }
}

fn number(v: u32, form: Form, out: &mut Vec<u8>) {
    out.extend_from_slice(&match form {
        Form::Big => v.to_be_bytes(),
        _ => v.to_le_bytes(),
    });
}

fn header(g: u16, e: u16, vr: &str, len: u32, form: Form, out: &mut Vec<u8>) {
    tag(g, e, form, out);
    if form == Form::Implicit {
        return number(len, form, out);
    }
    out.extend_from_slice(vr.as_bytes());
    if ["OB", "OW", "OF", "OD", "OV", "SQ", "UN", "UT", "UC", "UR"].contains(&vr) {
        out.extend_from_slice(&[0, 0]);
        number(len, form, out);
    } else {
        let len = len as u16;
        out.extend_from_slice(&match form {
            Form::Big => len.to_be_bytes(),
            _ => len.to_le_bytes(),
        });
    }
}

/// One encoded element; values of odd length are padded.
pub fn element((g, e, vr, value): &E, form: Form) -> Vec<u8> {
    let mut value = value.clone();
    if value.len() % 2 == 1 {
        value.push(if ["UI", "OB", "UN"].contains(vr) {
            0
        } else {
            b' '
        });
    }
    if form == Form::Big {
        let width = match *vr {
            "US" | "SS" | "OW" | "AT" => 2,
            "UL" | "SL" | "FL" | "OF" => 4,
            "FD" | "OD" => 8,
            _ => 1,
        };
        value.chunks_mut(width).for_each(<[u8]>::reverse);
    }
    let mut out = Vec::new();
    header(*g, *e, vr, value.len() as u32, form, &mut out);
    out.extend_from_slice(&value);
    out
}

impl Sample {
    /// A secondary capture of this layout, Explicit VR Little Endian.
    pub fn new(rows: u16, cols: u16, samples: u16, bits: (u16, u16), photometric: &str) -> Self {
        let mut elements: Vec<E> = vec![
            (0x0008, 0x0008, "CS", text("ORIGINAL\\SECONDARY")),
            (0x0008, 0x0016, "UI", text("1.2.840.10008.5.1.4.1.1.7")),
            (0x0008, 0x0018, "UI", text("1.2.3.4.5")),
            (0x0008, 0x0060, "CS", text("OT")),
            (0x0010, 0x0010, "PN", text("Muster^Mara")),
            (0x0028, 0x0002, "US", us(samples)),
            (0x0028, 0x0004, "CS", text(photometric)),
            (0x0028, 0x0010, "US", us(rows)),
            (0x0028, 0x0011, "US", us(cols)),
            (0x0028, 0x0100, "US", us(bits.0)),
            (0x0028, 0x0101, "US", us(bits.1)),
            (0x0028, 0x0102, "US", us(bits.1 - 1)),
            (0x0028, 0x0103, "US", us(0)),
        ];
        if samples > 1 {
            elements.insert(7, (0x0028, 0x0006, "US", us(0)));
        }
        Sample {
            syntax: "1.2.840.10008.1.2.1",
            elements,
            pixels: Pixels::None,
            pixel_vr: if bits.0 > 8 { "OW" } else { "OB" },
        }
    }

    /// Sets an element.
    pub fn with(mut self, g: u16, e: u16, vr: &'static str, value: Vec<u8>) -> Self {
        self.elements.retain(|x| (x.0, x.1) != (g, e));
        self.elements.push((g, e, vr, value));
        self.elements.sort_by_key(|x| (x.0, x.1));
        self
    }

    /// Removes an element.
    pub fn without(mut self, g: u16, e: u16) -> Self {
        self.elements.retain(|x| (x.0, x.1) != (g, e));
        self
    }

    /// A picture of floats of 32 or 64 bits: without what only integers have.
    pub fn float(rows: u16, cols: u16, bits: u16, data: Vec<u8>) -> Self {
        let mut s = Sample::new(rows, cols, 1, (bits, bits), "MONOCHROME2")
            .without(0x0028, 0x0101)
            .without(0x0028, 0x0102)
            .without(0x0028, 0x0103);
        s.pixels = Pixels::Float(bits, data);
        s
    }

    /// Sets Number of Frames.
    pub fn frames(self, n: &str) -> Self {
        self.with(0x0028, 0x0008, "IS", text(n))
    }

    /// Sets the pixel data.
    pub fn native(mut self, data: Vec<u8>) -> Self {
        self.pixels = Pixels::Native(data);
        self
    }

    /// Sets encapsulated pixel data.
    pub fn items(mut self, syntax: &'static str, items: &[&[u8]]) -> Self {
        self.syntax = syntax;
        self.pixel_vr = "OB";
        self.pixels = Pixels::Items(items.iter().map(|i| i.to_vec()).collect());
        self
    }

    /// Sets the transfer syntax.
    pub fn syntax(mut self, syntax: &'static str) -> Self {
        self.syntax = syntax;
        self
    }

    /// The form that the transfer syntax asks for.
    pub fn form(&self) -> Form {
        match self.syntax {
            "1.2.840.10008.1.2" => Form::Implicit,
            "1.2.840.10008.1.2.2" => Form::Big,
            _ => Form::Explicit,
        }
    }

    /// The data set.
    pub fn data_set(&self, form: Form) -> Vec<u8> {
        let mut out: Vec<u8> = self
            .elements
            .iter()
            .flat_map(|e| element(e, form))
            .collect();
        match &self.pixels {
            Pixels::None => {}
            Pixels::Native(data) => {
                out.extend(element(
                    &(0x7FE0, 0x0010, self.pixel_vr, data.clone()),
                    form,
                ));
            }
            Pixels::Float(bits, data) => {
                let (element_number, vr) = if *bits == 64 { (9, "OD") } else { (8, "OF") };
                out.extend(element(&(0x7FE0, element_number, vr, data.clone()), form));
            }
            Pixels::Items(items) => {
                header(0x7FE0, 0x0010, "OB", u32::MAX, form, &mut out);
                for item in items {
                    tag(0xFFFE, 0xE000, form, &mut out);
                    number(item.len() as u32, form, &mut out);
                    out.extend_from_slice(item);
                }
                tag(0xFFFE, 0xE0DD, form, &mut out);
                number(0, form, &mut out);
            }
        }
        out
    }

    /// The file around a data set.
    pub fn file(&self, data_set: &[u8]) -> Vec<u8> {
        let meta: Vec<u8> = [
            (0x0002, 0x0002, "UI", text("1.2.840.10008.5.1.4.1.1.7")),
            (0x0002, 0x0003, "UI", text("1.2.3.4.5")),
            (0x0002, 0x0010, "UI", text(self.syntax)),
            (0x0002, 0x0016, "AE", text("STATION9")),
        ]
        .iter()
        .flat_map(|e| element(e, Form::Explicit))
        .collect();
        [vec![0; 128].as_slice(), b"DICM", &meta, data_set].concat()
    }

    /// The whole file.
    pub fn bytes(&self) -> Vec<u8> {
        self.file(&self.data_set(self.form()))
    }
}
