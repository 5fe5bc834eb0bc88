//! Invented people. Any likeness to a person, hospital or number is chance.

use crate::header::Person;

/// Ultrasound, RGB.
pub const ORLENTZ: Person = Person {
    name: "ORLENTZ^MIRA",
    id: "QX4471902",
    birth: "19670921",
    sex: "F",
    accession: "US2021031407",
    date: "20210314",
    time: "104217",
    institution: "St. Avelin Hospital",
    referring: "HADLOCKE^PRIYA",
    operator: "PELLWORTH^J",
};

/// Ultrasound, loop.
pub const BRANTIGER: Person = Person {
    name: "BRANTIGER^OWEN",
    id: "70033518",
    birth: "19820405",
    sex: "M",
    accession: "E5501277",
    date: "20191108",
    time: "083155",
    institution: "Marrow Lane Clinic",
    referring: "",
    operator: "SUNDQUIRE^A",
};

/// CT dose page.
pub const KORVANE: Person = Person {
    name: "KORVANE^ELIAS^T",
    id: "MRN0058812",
    birth: "19510730",
    sex: "M",
    accession: "CT8842019",
    date: "20220617",
    time: "151940",
    institution: "Dunmere General",
    referring: "WEXFELL^ANNIKA",
    operator: "",
};

/// Brain with faint text.
pub const TAMSELL: Person = Person {
    name: "TAMSELL^BRINDA",
    id: "88-20417-3",
    birth: "19930112",
    sex: "F",
    accession: "MR104466",
    date: "20230925",
    time: "120305",
    institution: "Coldwater Imaging",
    referring: "",
    operator: "",
};

/// Overlay and icon.
pub const FENNIMER: Person = Person {
    name: "FENNIMER^LORCAN",
    id: "F20045",
    birth: "19750608",
    sex: "M",
    accession: "A77120",
    date: "20201202",
    time: "171200",
    institution: "Dunmere General",
    referring: "",
    operator: "",
};
