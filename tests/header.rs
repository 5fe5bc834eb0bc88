//! De-identification of headers through the binary: generated archives with invented people, hostile headers, lists and
//! keys. What is looked for afterwards is known from the generator, not from the program.

mod common;

use common::people::{E, Patient, V, archive, code, file, found, sq, t, us};
use common::treated::{Done, put, redact, text, with};
use common::{Place, iod_errors, json_lines, skip, tool, tree};
use dicom_object::open_file;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn two_hundred_objects_leave_no_identity_anywhere() {
    let place = Place::new();
    let inputs = archive(&place.path("in"), 200);
    let done = redact(
        &place,
        "in",
        "out",
        &["--share-report", "share.jsonl", "--quarantine", "held"],
    );
    assert_eq!(done.ran.code, 0, "{}\n{}", done.ran.err, done.ran.out);
    let share = fs::read(place.path("share.jsonl")).unwrap();
    let outputs = tree(&place.path("out"));
    assert_eq!(outputs.len(), inputs.len());
    let mut secrets: BTreeSet<Vec<u8>> = BTreeSet::new();
    for n in 0..20 {
        secrets.extend(Patient::new(n).secrets());
    }
    let secrets: Vec<Vec<u8>> = secrets.into_iter().collect();
    let names: String = outputs
        .iter()
        .map(|p| p.to_string_lossy().into_owned() + "\n")
        .collect();
    for (what, bytes) in [
        ("names", names.as_bytes()),
        ("stdout", done.ran.out.as_bytes()),
        ("stderr", done.ran.err.as_bytes()),
        ("shared report", &share),
    ] {
        assert!(
            found(&secrets, bytes).is_empty(),
            "{what}: {:?}",
            found(&secrets, bytes)
        );
    }
    for (path, n) in &inputs {
        let name = path.file_name().unwrap().to_str().unwrap();
        let output = done.output(&place, name);
        let hits = found(&Patient::new(*n).secrets(), &fs::read(&output).unwrap());
        assert!(hits.is_empty(), "{name}: {hits:?}");
    }
    references_resolve(&place, &done);
    judged(&place, &done, &inputs);
    halves_agree(&place);
}

/// The presentation state of each patient names the new UID of the image that it was made for (acceptance case 13).
fn references_resolve(place: &Place, done: &Done) {
    for n in [0, 7, 19] {
        let id = Patient::new(n).id;
        let image = open_file(done.output(place, &format!("{id}_0.dcm"))).unwrap();
        let state = fs::read(done.output(place, &format!("{id}_8.dcm"))).unwrap();
        let uid = image
            .meta()
            .media_storage_sop_instance_uid()
            .trim_end_matches('\0')
            .as_bytes()
            .to_vec();
        assert!(uid.starts_with(b"2.25.") && state.windows(uid.len()).any(|w| w == uid));
        let line = done.line(&format!("{id}_8.dcm"));
        assert!(
            line["warnings"]
                .as_array()
                .unwrap()
                .contains(&"header-only".into())
        );
    }
}

/// No new error of the object definition, and studies whose files agree about patient and study.
fn judged(place: &Place, done: &Done, inputs: &[(PathBuf, u32)]) {
    let mut studies: BTreeMap<u32, Vec<PathBuf>> = BTreeMap::new();
    for (path, n) in inputs {
        let output = done.output(place, path.file_name().unwrap().to_str().unwrap());
        let (Some(before), Some(after)) = (iod_errors(path), iod_errors(&output)) else {
            return;
        };
        let new: Vec<&String> = after.iter().filter(|e| !before.contains(e)).collect();
        assert!(new.is_empty(), "{}: {new:?}", path.display());
        studies.entry(*n).or_default().push(output);
    }
    for (n, files) in studies {
        let Some(mut judge) = tool("dcentvfy") else {
            return;
        };
        let ran = common::finish(judge.args(&files));
        let said: Vec<&str> = ran
            .err
            .lines()
            .chain(ran.out.lines())
            .filter(|l| l.starts_with("Error"))
            // A presentation state has no pixels that were cleaned, and does not claim it as the images do.
            .filter(|l| !l.contains("DeidentificationMethodCodeSequence"))
            .collect();
        assert!(said.is_empty(), "patient {n}: {said:?}");
    }
}

/// Two processes, each with a part of the files, write what one wrote (acceptance case 11).
fn halves_agree(place: &Place) {
    let files = tree(&place.path("in"));
    for (half, rest) in [("a", 0), ("b", 1)] {
        for (i, file) in files.iter().take(24).enumerate() {
            let to = place.path(format!("half-{half}")).join(file);
            if i % 2 == rest {
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(place.path("in").join(file), to).unwrap();
            }
        }
        let done = redact(
            place,
            &format!("half-{half}"),
            "halves",
            &["--jobs", "1", "--overwrite"],
        );
        assert_eq!(done.ran.code, 0, "{}", done.ran.err);
    }
    let written = tree(&place.path("halves"));
    assert_eq!(written.len(), 24);
    for path in written {
        let (part, all) = (
            fs::read(place.path("halves").join(&path)),
            fs::read(place.path("out").join(&path)),
        );
        assert!(part.unwrap() == all.unwrap(), "{}", path.display());
    }
}

#[test]
fn research_keeps_suv_inputs_and_shifts_every_date_alike() {
    let place = Place::new();
    let patient = Patient::new(3);
    put(&place, "in/pet.dcm", &patient.image("128", "PT", 1, 1));
    let done = redact(&place, "in", "out", &["--profile", "research"]);
    let output = done.output(&place, "pet.dcm");
    for (tag, wanted) in [
        ((0x0010, 0x1030), "72.5"),
        ((0x0010, 0x0040), "F"),
        ((0x0010, 0x1010), "090Y"),
        ((0x0008, 0x0031), "080100"),
        ((0x0008, 0x0032), "080200"),
        ((0x0028, 0x0051), "ATTN\\DECY"),
        ((0x0054, 0x1001), "BQML"),
        ((0x0054, 0x1102), "START"),
        ((0x0028, 0x0303), "MODIFIED"),
        ((0x0012, 0x0062), "YES"),
    ] {
        assert_eq!(text(&output, tag).as_deref(), Some(wanted), "{tag:04X?}");
    }
    let object = open_file(&output).unwrap();
    let isotope = object
        .element(dicom_core::Tag(0x0054, 0x0016))
        .unwrap()
        .items()
        .unwrap();
    let inside = |e: u16| {
        let element = isotope[0].element(dicom_core::Tag(0x0018, e)).unwrap();
        element.to_str().unwrap().trim_end().to_owned()
    };
    assert_eq!(
        (inside(0x1074), inside(0x1075), inside(0x1072)),
        ("370000000".into(), "6588".into(), "070000.00".into())
    );
    let study = text(&output, (0x0008, 0x0020)).unwrap();
    assert_ne!(study, patient.study_date);
    assert_eq!(inside(0x1078), format!("{study}070000.00"));
    assert_eq!(
        text(&output, (0x0008, 0x002A)).unwrap(),
        format!("{study}081512.25+0100")
    );
    assert_eq!(text(&output, (0x0010, 0x0030)).as_deref(), Some(""));
    let codes: Vec<&str> = done.line("pet.dcm")["metadata"]["codes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(codes, ["113100", "113107", "113108"]);
}

#[test]
fn vendor_cleans_descriptions_and_keeps_what_routing_needs() {
    let place = Place::new();
    put(&place, "in/ct.dcm", &Patient::new(1).image("2", "CT", 1, 1));
    let done = redact(&place, "in", "out", &["--profile", "vendor"]);
    let output = done.output(&place, "ct.dcm");
    for (tag, wanted) in [
        ((0x0008, 0x103E), Some("CHEST 5mm")),
        ((0x0008, 0x0070), Some("SIEMENS")),
        ((0x0008, 0x1090), Some("Somaton Invented")),
        ((0x0018, 0x0015), Some("CHEST")),
        ((0x0018, 0x0060), Some("120")),
        ((0x0008, 0x0060), Some("CT")),
        ((0x0028, 0x1054), Some("HU")),
        ((0x0008, 0x1010), None),
    ] {
        let left = text(&output, tag);
        let fits = match (tag, wanted) {
            // Which units stand in the lists is theirs to say; the name is not.
            ((0x0008, 0x103E), _) => left.as_deref().is_some_and(|l| l.starts_with("CHEST")),
            _ => left.as_deref() == wanted,
        };
        assert!(fits, "{tag:04X?}: {left:?}");
    }
}

#[test]
fn a_pair_is_verified_and_a_name_put_back_is_found() {
    let place = Place::new();
    let patient = Patient::new(1);
    let elements = patient.image("2", "CT", 1, 1);
    put(&place, "in/ct.dcm", &elements);
    let done = redact(&place, "in", "out", &["--profile", "research"]);
    let output = done.output(&place, "ct.dcm");
    let verify = |file: &Path| {
        let ran = place.run(&[
            "verify".as_ref(),
            place.path("in/ct.dcm").as_os_str(),
            file.as_os_str(),
            "--json".as_ref(),
            "--device".as_ref(),
            "cpu".as_ref(),
        ]);
        (ran.code, json_lines(&ran.out).remove(0))
    };
    let (code, answer) = verify(&output);
    assert_eq!(
        (code, &answer["verify"]["identities_left"]),
        (0, &Value::from(0)),
        "{answer}"
    );
    let mut bytes = fs::read(&output).unwrap();
    let at = bytes
        .windows(16)
        .position(|w| w == b"Somaton Invented")
        .unwrap();
    bytes[at..at + 16].copy_from_slice(b"von J\xf6rgine     ");
    let tampered = place.path("tampered.dcm");
    fs::write(&tampered, bytes).unwrap();
    let (code, answer) = verify(&tampered);
    assert_eq!(
        (code, answer["reason"].as_str()),
        (3, Some("identity-left")),
        "{answer}"
    );
}

#[test]
fn opted_out_patients_never_leave_and_a_missing_or_stale_list_stops_the_run() {
    let place = Place::new();
    for n in [1, 2] {
        put(
            &place,
            &format!("in/{n}.dcm"),
            &Patient::new(n).image("2", "CT", 1, 1),
        );
    }
    let no_id = with(
        Patient::new(3).image("2", "CT", 1, 1),
        vec![t(0x0010_0020, "LO", "")],
    );
    put(&place, "in/3.dcm", &no_id);
    // Its pixels cannot be decoded: nobody looks at them before the list was asked.
    let other = sq(
        0x0010_1002,
        vec![vec![t(0x0010_0020, "LO", &Patient::new(2).id)]],
    );
    let broken = with(
        Patient::new(4).image("2", "CT", 1, 1),
        vec![other, us(0x0028_0100, 16)],
    );
    put(&place, "in/4.dcm", &broken);
    let id = Patient::new(2).id.to_lowercase();
    let added = place.run(&["optout", "add", "list", &id]);
    assert_eq!(added.code, 0, "{}", added.err);
    assert_eq!(
        place
            .run(&["optout", "check", "list", &Patient::new(2).id])
            .code,
        4
    );
    assert_eq!(place.run(&["optout", "check", "list", "somebody"]).code, 0);
    let list = fs::read_to_string(place.path("list")).unwrap();
    assert!(!list.to_uppercase().contains(&id.to_uppercase()));
    let done = redact(&place, "in", "out", &["--opt-out", "list"]);
    assert_eq!(done.ran.code, 3, "{}", done.ran.err);
    assert_eq!(done.reason("1.dcm"), "clean");
    assert_eq!(
        (done.reason("2.dcm"), done.reason("4.dcm")),
        ("opt-out".into(), "opt-out".into())
    );
    assert_eq!(done.reason("3.dcm"), "no-patient-id");
    assert!(done.line("4.dcm")["frames"].is_null(), "it was looked at");
    assert_eq!(tree(&place.path("out")).len(), 1);
    let head = list.lines().next().unwrap().to_owned();
    let mut words: Vec<&str> = head.split(' ').collect();
    words[3] = "15000";
    fs::write(place.path("old"), list.replacen(&head, &words.join(" "), 1)).unwrap();
    for (file, code) in [("old", 2), ("none", 1), ("in/1.dcm", 1)] {
        let stopped = redact(&place, "in", "out2", &["--opt-out", file]);
        assert!(
            stopped.ran.code == code || file.starts_with("in/"),
            "{file}: {}",
            stopped.ran.err
        );
        assert!(
            stopped.ran.code != 0 && !place.path("out2").exists(),
            "{file}"
        );
    }
}

#[test]
fn consent_notes_faces_and_slides_are_held_back() {
    let place = Place::new();
    let image = || Patient::new(1).image("2", "CT", 1, 1);
    let consent = |flag: &str| {
        sq(
            0x0012_0083,
            vec![vec![
                t(0x0012_0085, "CS", flag),
                t(0x0012_0084, "CS", "PUBLIC_RELEASE"),
            ]],
        )
    };
    put(
        &place,
        "in/no.dcm",
        &with(image(), vec![consent("WITHDRAWN")]),
    );
    put(
        &place,
        "in/yes.dcm",
        &with(
            image(),
            vec![consent("YES"), t(0x0008_0018, "UI", "1.2.3.1")],
        ),
    );
    put(
        &place,
        "in/note.dcm",
        &with(image(), vec![t(0x0040_3001, "LO", "ask Zahlmeister first")]),
    );
    let head = with(
        image(),
        vec![
            t(0x0018_0015, "CS", "HEAD"),
            t(0x0008_0018, "UI", "1.2.3.2"),
        ],
    );
    put(&place, "in/head.dcm", &head);
    let label = with(
        Patient::new(1).image("77.1.6", "SM", 1, 1),
        vec![t(0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\LABEL\\NONE")],
    );
    put(&place, "in/label.dcm", &label);
    for (name, class) in [
        ("sr", "88.11"),
        ("kos", "88.59"),
        ("pdf", "104.1"),
        ("ecg", "9.1.1"),
        ("raw", "66"),
    ] {
        put(
            &place,
            &format!("in/{name}.dcm"),
            &Patient::new(1).header(class, "OT", 1, 1),
        );
    }
    let done = redact(&place, "in", "out", &[]);
    for (file, reason) in [
        ("no.dcm", "consent"),
        ("yes.dcm", "clean"),
        ("note.dcm", "confidentiality-note"),
        ("head.dcm", "clean"),
        ("label.dcm", "slide-label"),
        ("sr.dcm", "structured-report"),
        ("kos.dcm", "key-objects"),
        ("pdf.dcm", "encapsulated-document"),
        ("ecg.dcm", "waveform"),
        ("raw.dcm", "raw-data"),
    ] {
        assert_eq!(done.reason(file), reason, "{file}");
    }
    assert_eq!(done.line("head.dcm")["faces"], "face_possible: body-part");
    assert_eq!(done.line("yes.dcm")["faces"], "no-sign");
    let head = done.output(&place, "head.dcm");
    assert_eq!(text(&head, (0x0028, 0x0302)).as_deref(), Some("YES"));
    assert_eq!(
        text(&done.output(&place, "yes.dcm"), (0x0028, 0x0302)),
        None
    );
    assert_eq!(done.line("head.dcm")["risk"], "low");
    let strict = redact(&place, "in", "out2", &["--faces", "quarantine"]);
    assert_eq!(strict.reason("head.dcm"), "face-possible");
}

#[test]
fn the_sites_pseudonyms_and_the_map_back() {
    let place = Place::new();
    for n in [1, 2] {
        put(
            &place,
            &format!("in/{n}.dcm"),
            &Patient::new(n).image("2", "CT", 1, 1),
        );
    }
    let table = format!(
        "patient id,subject id,days\n{},TRIAL-001,-30\n",
        Patient::new(1).id
    );
    fs::write(place.path("table.csv"), table).unwrap();
    let flags = [
        "--profile",
        "research",
        "--pseudonyms",
        "table.csv",
        "--reidentification-map",
        "map",
    ];
    let done = redact(&place, "in", "out", &flags);
    assert_eq!(
        (done.reason("1.dcm"), done.reason("2.dcm")),
        ("clean".into(), "no-pseudonym".into())
    );
    let output = done.output(&place, "1.dcm");
    assert!(output.starts_with(place.path("out/TRIAL-001")));
    assert_eq!(
        text(&output, (0x0010, 0x0010)).as_deref(),
        Some("TRIAL-001")
    );
    let derived = redact(
        &place,
        "in",
        "out2",
        &["--pseudonyms", "table.csv", "--missing-patient", "derive"],
    );
    assert_eq!(derived.reason("2.dcm"), "clean");
    let new = text(&output, (0x0020, 0x000D)).unwrap();
    let map = place.run(&["key", "map", "map", "--uid", &new]);
    let records = json_lines(&map.out);
    assert_eq!(records.len(), 1, "{}", map.err);
    assert_eq!(
        records[0]["patient"].as_str(),
        Some(Patient::new(1).id.as_str())
    );
    assert_eq!(
        records[0]["study"][1].as_str(),
        Some(format!("{}.1", Patient::new(1).root).as_str())
    );
    assert_eq!(records[0]["days"], -30);
    assert!(
        found(
            &Patient::new(1).secrets(),
            &fs::read(place.path("map")).unwrap()
        )
        .is_empty()
    );
}

#[test]
fn hostile_headers_have_a_named_outcome_and_leak_nothing() {
    let place = Place::new();
    let patient = Patient::new(1);
    let image = || patient.image("2", "CT", 1, 1);
    let big = "Nebelhorn ".repeat(120_000);
    let cases: Vec<(&str, Vec<E>, &str)> = vec![
        (
            "dates",
            with(
                image(),
                vec![
                    t(0x0008_0020, "DA", "2024.01.05"),
                    t(0x0008_0022, "DA", "Federkiel"),
                ],
            ),
            "clean",
        ),
        (
            "charset",
            with(image(), vec![t(0x0008_0005, "CS", "ISO_IR 192")]),
            "clean",
        ),
        (
            "set",
            with(image(), vec![t(0x0008_0005, "CS", "NO SUCH SET AT ALL")]),
            "clean",
        ),
        (
            "vr",
            with(
                image(),
                vec![
                    E(0x0010_0010, "OB", V::B(patient.name.clone())),
                    t(0x0018_0050, "UT", "Nebelhorn"),
                ],
            ),
            "clean",
        ),
        (
            "empty",
            with(
                image(),
                vec![t(0x0010_0020, "LO", ""), t(0x0010_0010, "PN", "")],
            ),
            "clean",
        ),
        (
            "creator",
            with(
                image(),
                vec![
                    t(0x0019_1001, "LO", "Nebelhorn"),
                    t(0x0019_00FF, "LO", "Federkiel"),
                ],
            ),
            "clean",
        ),
        (
            "big",
            with(
                image(),
                vec![
                    E(0x0010_4000, "UT", V::B(big.clone().into_bytes())),
                    E(0x0018_9004, "UT", V::B(big.into_bytes())),
                ],
            ),
            "clean",
        ),
        (
            "un",
            with(
                image(),
                vec![E(
                    0x0040_0275,
                    "UN",
                    V::B(b"\xfe\xff\x00\xe0\xff\xff\xff\xffFederkiel".to_vec()),
                )],
            ),
            "clean",
        ),
        (
            "code",
            with(
                image(),
                vec![sq(
                    0x0008_2218,
                    vec![code("NBH", "99NEBELHORN", "Federkiel")],
                )],
            ),
            "clean",
        ),
    ];
    for (name, elements, _) in &cases {
        put(&place, &format!("in/{name}.dcm"), elements);
    }
    let mut deep = vec![t(0x0010_0010, "PN", "Federkiel^Ottokarine")];
    for _ in 0..40 {
        deep = vec![sq(0x0040_A730, vec![deep])];
    }
    put(&place, "in/nested.dcm", &with(image(), deep));
    // Ten thousand items of undefined length, opened and never closed.
    let mut bytes = file(&image(), false, b"");
    for _ in 0..10_000 {
        bytes.extend_from_slice(
            b"\xe0\x7f\x12\x00SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff",
        );
    }
    fs::write(place.path("in/bottomless.dcm"), bytes).unwrap();
    let done = redact(&place, "in", "out", &[]);
    for (name, _, outcome) in &cases {
        assert_eq!(&done.reason(&format!("{name}.dcm")), outcome, "{name}");
        let hits = found(
            &patient.secrets(),
            &fs::read(done.output(&place, &format!("{name}.dcm"))).unwrap(),
        );
        assert!(hits.is_empty(), "{name}: {hits:?}");
    }
    assert_eq!(done.reason("nested.dcm"), "clean");
    assert!(["limit", "damaged", "truncated"].contains(&done.reason("bottomless.dcm").as_str()));
    let told = format!("{}{}", done.ran.out, done.ran.err);
    assert!(
        found(&patient.secrets(), told.as_bytes()).is_empty(),
        "{told}"
    );
    assert!(done.ran.err.contains("profile basic"));
}

#[test]
fn site_profiles_uids_and_mirrored_names() {
    let place = Place::new();
    put(
        &place,
        "in/a/ct.dcm",
        &Patient::new(1).image("2", "CT", 1, 1),
    );
    let own = "name = 'ours'\nbase = 'basic'\n[[override]]\ntag = '(0018,1030)'\naction = 'clean'\nreason = 'study 7'\n\
        [[override]]\ntag = '(0018,1000)'\naction = 'keep'\nreason = 'dose registry'\n";
    fs::write(place.path("ours.toml"), own).unwrap();
    let done = redact(
        &place,
        "in",
        "out",
        &["--profile", "ours.toml", "--names", "mirror"],
    );
    let output = place.path("out/a/ct.dcm");
    assert_eq!(
        text(&output, (0x0018, 0x1000)).as_deref(),
        Some("SN-99817264")
    );
    // What the standard takes away was kept: nothing of it is claimed.
    assert_eq!(text(&output, (0x0012, 0x0062)), None);
    assert!(done.line("ct.dcm")["metadata"]["codes"].is_null());
    assert_eq!(
        done.line("ct.dcm")["metadata"]["attributes"]["00100010"],
        "pseudonym"
    );
    let same = redact(
        &place,
        "in",
        "out2",
        &["--profile-options", "retain-uids", "--names", "mirror"],
    );
    assert_eq!(same.ran.code, 0, "{}", same.ran.err);
    let uid = text(&place.path("out2/a/ct.dcm"), (0x0020, 0x000D)).unwrap();
    assert_eq!(uid, format!("{}.1", Patient::new(1).root));
    // Samples that change under the same UID would be two images of one name.
    let marked = unburn_sample("us_rgb.dcm");
    fs::create_dir_all(place.path("in3")).unwrap();
    fs::copy(marked, place.path("in3/us.dcm")).unwrap();
    let held = redact(&place, "in3", "out3", &["--profile-options", "retain-uids"]);
    assert_eq!(held.reason("us.dcm"), "uids-kept");
}

fn unburn_sample(name: &str) -> PathBuf {
    common::samples().join(name)
}

#[test]
fn profiles_can_be_read_and_compared() {
    let place = Place::new();
    let shown = place.run(&["profile", "show", "vendor"]);
    assert!(
        shown.out.contains("(0010,0010)") && shown.out.contains("2026d"),
        "{}",
        shown.err
    );
    assert!(shown.out.lines().count() > 657);
    let json = json_lines(&place.run(&["profile", "show", "basic", "--json"]).out).remove(0);
    assert_eq!(json["attributes"].as_array().unwrap().len(), 657);
    let diff = place.run(&["profile", "diff", "basic", "research"]);
    assert!(diff.out.contains("PatientWeight") && !diff.out.contains("PatientBirthDate "));
    assert_ne!(place.run(&["profile", "show", "nothing"]).code, 0);
}

/// Long: every file of a collection of real files, where one is named.
#[test]
fn real_files_leave_no_identity() {
    let Some(corpus) = std::env::var_os("UNBURN_CORPUS") else {
        skip("UNBURN_CORPUS is not set: headers of real files");
        return;
    };
    let place = Place::new();
    let done = redact(&place, &corpus.to_string_lossy(), "out", &[]);
    for line in done.lines.iter().filter(|l| l["type"] == "file") {
        assert_ne!(line["reason"].as_str(), Some("identity-left"), "{line}");
        if let Some(output) = line["output"].as_str() {
            let (input, output) = (
                Path::new(line["input"].as_str().unwrap()),
                place.path(output),
            );
            let (Some(before), Some(after)) = (iod_errors(input), iod_errors(&output)) else {
                continue;
            };
            // Deflated files cannot be judged.
            if line["transfer_syntax"]["in"] == "1.2.840.10008.1.2.1.99" {
                continue;
            }
            let new: Vec<&String> = after.iter().filter(|e| !before.contains(e)).collect();
            assert!(new.is_empty(), "{}: {new:?}", input.display());
        }
    }
}

/// Reports are held back, unless their content items are cleaned; then nobody is named, references hold, numbers stay.
#[test]
fn reports_are_cleaned_where_that_is_asked_for() {
    let place = Place::new();
    let patient = Patient::new(4);
    put(&place, "in/image.dcm", &patient.image("2", "CT", 0, 1));
    put(&place, "in/report.dcm", &patient.report(9, 1, (0, 1)));
    let held = redact(&place, "in", "held", &[]);
    assert_eq!(held.reason("report.dcm"), "structured-report");
    let done = redact(
        &place,
        "in",
        "out",
        &["--profile-options", "clean-structured-content"],
    );
    assert_eq!(done.ran.code, 0, "{}\n{}", done.ran.err, done.ran.out);
    let path = done.output(&place, "report.dcm");
    let bytes = fs::read(&path).unwrap();
    let left = found(&patient.secrets(), &bytes);
    assert!(left.is_empty(), "{left:?}");
    assert!(
        done.line("report.dcm")["metadata"]["codes"]
            .to_string()
            .contains("113104")
    );
    // Words of the safe lists and measurements stay; what tells who the patient is does not.
    let has = |what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
    assert!(has(b"Liver lesion") && has(b"14.2") && has(b"10200004"));
    assert!(!has(b"year") && !has(b"Male") && !has(b"99NEBEL"));
    let image = open_file(done.output(&place, "image.dcm")).unwrap();
    let uid = image
        .meta()
        .media_storage_sop_instance_uid()
        .trim_end_matches('\0')
        .to_owned();
    let references = bytes
        .windows(uid.len())
        .filter(|w| *w == uid.as_bytes())
        .count();
    assert_eq!(references, 2);
    let (Some(before), Some(after)) = (iod_errors(&place.path("in/report.dcm")), iod_errors(&path))
    else {
        return;
    };
    let new: Vec<&String> = after.iter().filter(|e| !before.contains(e)).collect();
    assert!(new.is_empty(), "{new:?}");
    let pair = place.run(&[
        "verify",
        "in/report.dcm",
        path.to_str().unwrap(),
        "--device",
        "cpu",
    ]);
    assert_eq!(pair.code, 0, "{}{}", pair.out, pair.err);
}

/// A pair of which only the header was treated, and whose UIDs stay as its header says.
#[test]
fn a_header_pair_with_kept_uids_is_no_doubt() {
    let place = Place::new();
    let patient = Patient::new(2);
    put(&place, "in/state.dcm", &patient.presentation(8, 1, (0, 1)));
    for (out, options, changed) in [("kept", "retain-uids", false), ("new", "", true)] {
        let done = redact(&place, "in", out, &["--profile-options", options]);
        assert_eq!(done.ran.code, 0, "{}", done.ran.err);
        let path = done.output(&place, "state.dcm");
        let before = text(&place.path("in/state.dcm"), (0x0008, 0x0018));
        assert_eq!(before != text(&path, (0x0008, 0x0018)), changed);
        let pair = place.run(&[
            "verify",
            "in/state.dcm",
            path.to_str().unwrap(),
            "--device",
            "cpu",
        ]);
        assert_eq!(pair.code, 0, "{out}: {}{}", pair.out, pair.err);
    }
}
