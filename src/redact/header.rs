//! The header's part of one file: who it is about, whether it may leave at all, what its profile makes of it, what it is
//! called, and whether anything of the original is left in what was written.

use super::annotation::Annotations;
use super::face::Cuts;
use super::publish::{self, Pending};
use super::{Engine, guarded, hex};
use crate::config::{Faces, MissingPatient};
use crate::dicom::{
    self, Claims, Consent, Deidentified, FaceClaim, HeaderObject, HeaderOnly, Hit, Method, Opened,
    Person,
};
use crate::error;
use crate::facts::{Facts, Signs};
use crate::idmap::{IdMap, Record};
use crate::key::Key;
use crate::optout::{self, About, OptOut};
use crate::outcome::{Outcome, Reason, Refusal};
use crate::profile::derive::{PatientKey, opaque};
use crate::profile::{Choice, Profile, date, options, public_word};
use crate::report::{FileReport, MetadataReport, Syntaxes, VerifyReport};
use crate::risk;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Where the output of a file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To this path.
    Path(PathBuf),
    /// Below this folder, by keyed names: `subject/study/series/instance.dcm`. The instance's name is made from its UID
    /// and content, so that it does not depend on what else is treated, or in which order.
    Under(PathBuf),
    /// To this path for the time being; the report names the place below an output folder that `Under` would have taken.
    Staged(PathBuf),
}

/// What stands for a patient.
pub(super) struct Subject {
    pub(super) pseudonym: String,
    days: i64,
    /// Something to tell about it.
    pub(super) note: Option<&'static str>,
}

/// Lists that every file is asked about, and what the run remembers.
#[derive(Default)]
pub(super) struct Desk {
    opt_out: Option<OptOut>,
    map: Option<IdMap>,
    /// Outputs of this run under keyed names.
    published: Mutex<BTreeSet<PathBuf>>,
    /// Faces that are cut off in this run.
    pub(super) cuts: OnceLock<Cuts>,
}

impl Engine {
    /// Opens what a run that writes asks about each file: the opt-out list of the settings, and the map of UIDs.
    ///
    /// # Errors
    /// [`error::Error`] where a list is missing, stale or of another key: the run does not start.
    pub fn with_lists(mut self, map: Option<&Path>) -> error::Result<Engine> {
        if let Some(path) = &self.config.opt_out {
            let list = OptOut::read(path, &self.key)?;
            list.fresh(self.config.opt_out_max_days)?;
            self.desk.opt_out = Some(list);
        }
        if let Some(path) = map {
            self.desk.map = Some(IdMap::append(path, &self.key)?);
        }
        Ok(self)
    }

    /// The profile of this run; `None` with `keep-metadata`.
    pub fn profile(&self) -> Option<&Profile> {
        self.site.profile.as_ref()
    }

    /// Objects of which the profile of this run treats the header alone.
    pub(super) fn header_only_objects(&self) -> HeaderOnly {
        match &self.site.profile {
            None => HeaderOnly::No,
            Some(p) if p.has(Choice::Structured) => HeaderOnly::Reports,
            Some(_) => HeaderOnly::Yes,
        }
    }

    /// Digest and day of the opt-out list that this run asks.
    pub fn opt_out(&self) -> Option<(String, String)> {
        let list = self.desk.opt_out.as_ref()?;
        let digest = Sha256::digest(list.text());
        Some((hex(&digest), list.day()))
    }

    /// A name for a path that says nothing of it, the same in every run with this key.
    pub fn opaque_id(&self, path: &Path) -> String {
        opaque(
            &self.key,
            'F',
            "input path",
            path.as_os_str().as_encoded_bytes(),
        )
    }

    /// The key of this run.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Whether a word is public whatever it names.
    pub(super) fn is_public(&self, word: &str) -> bool {
        public_word(&word.to_uppercase()) || self.decider.is_safe_word(word)
    }

    /// Marks by which holders of the key find what left for a patient; none with a key that ends with the run.
    pub(super) fn marks(&self, person: &Person) -> Vec<String> {
        if self.key.is_ephemeral() {
            return Vec::new();
        }
        let own = [(person.issuer.as_str(), person.id.as_str())];
        let others = person
            .others
            .iter()
            .map(|(i, id)| (i.as_str(), id.as_str()));
        let mut about = Vec::new();
        for (issuer, id) in own.into_iter().chain(others) {
            if !id.is_empty() {
                // Asked for without issuer, an id stands for that id of any.
                about.extend([About::Patient(issuer, id), About::Patient("", id)]);
            }
        }
        if !person.accession.is_empty() {
            about.push(About::Accession(&person.accession));
        }
        if !person.study.is_empty() {
            about.push(About::Study(&person.study));
        }
        let mut marks = Vec::new();
        for mark in about.into_iter().map(|a| optout::mark(&self.key, a)) {
            if !marks.contains(&mark) {
                marks.push(mark);
            }
        }
        marks
    }

    /// Whether an object may leave: asked before any pixel is decoded.
    pub(super) fn gate(
        &self,
        person: &Person,
        consent: Consent,
        report: &mut FileReport,
    ) -> Result<(), Refusal> {
        report.marks = self.marks(person);
        if consent.refused {
            return Err(Refusal::new(
                Reason::Consent,
                "the consent attributes of the header",
            ));
        }
        if let Some(list) = &self.desk.opt_out {
            if person.id.is_empty() {
                return Err(Refusal::new(
                    Reason::NoPatientId,
                    "the opt-out list cannot be asked",
                ));
            }
            let others = person
                .others
                .iter()
                .map(|(issuer, id)| About::Patient(issuer, id));
            let asked = [
                About::Patient(&person.issuer, &person.id),
                About::Accession(&person.accession),
                About::Study(&person.study),
            ];
            if asked
                .into_iter()
                .chain(others)
                .any(|about| list.has(&self.key, about))
            {
                return Err(Refusal::new(Reason::OptOut, "on the opt-out list"));
            }
        }
        if consent.confidential {
            return Err(Refusal::new(Reason::Confidential, "the order holds a note"));
        }
        Ok(())
    }

    /// Tells risk and face, and holds faces back where the site wants that.
    pub(super) fn assess(
        &self,
        facts: &Facts,
        signs: &Signs,
        input: [u8; 32],
        report: &mut FileReport,
    ) -> Result<(), Refusal> {
        report.risk = Some(risk::assess(facts, signs).name().into());
        let face = risk::face(facts, signs);
        report.faces = Some(face.text());
        match (self.config.faces, self.cut_of(input)) {
            (Faces::Deface, Some((volume, _))) => report.faces = Some(format!("defaced: {volume}")),
            (Faces::Quarantine | Faces::Deface, _) if face.is_held() => {
                return Err(Refusal::new(Reason::Face, face.text()));
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn subject(&self, person: &Person) -> Result<Subject, Refusal> {
        let patient = if person.id.is_empty() {
            PatientKey::of_study(&person.study)
        } else {
            PatientKey::of_patient(&person.issuer, &person.id)
        };
        let derived = Subject {
            pseudonym: patient.pseudonym(&self.key),
            days: patient.days(&self.key),
            note: person.id.is_empty().then_some("no-patient-id"),
        };
        let Some(list) = &self.site.subjects else {
            return Ok(derived);
        };
        match list.get(&person.id) {
            Some(subject) => Ok(Subject {
                pseudonym: subject.name.clone(),
                days: subject.days.unwrap_or(derived.days),
                note: None,
            }),
            None if self.config.missing_patient == MissingPatient::Derive => Ok(derived),
            None if person.id.is_empty() => Err(Refusal::new(
                Reason::NoPatientId,
                "the list of pseudonyms cannot be asked",
            )),
            None => Err(Refusal::new(
                Reason::NoPseudonym,
                "not in the list of pseudonyms",
            )),
        }
    }

    /// Whether overlays and annotations are cleaned rather than removed.
    pub(super) fn cleans_graphics(&self) -> bool {
        let profile = self.site.profile.as_ref();
        profile.is_some_and(|p| p.has(Choice::Graphics))
    }

    /// The codes that a profile earns for one object: that of graphics only where some stay, cleaned by models that are
    /// trusted.
    fn codes(&self, profile: &Profile, graphics: bool) -> Vec<[&'static str; 3]> {
        let mut codes = profile.codes();
        let graphics = graphics && self.trusted;
        codes.retain(|c| graphics || *c != Choice::Graphics.code());
        codes
    }

    /// What the header earns. `pixels`: they were searched, and BurnedInAnnotation may say `NO`; `graphics`: some stay, and
    /// were cleaned.
    pub(super) fn claims(
        &self,
        profile: &Profile,
        pixels: bool,
        graphics: bool,
        face: FaceClaim,
    ) -> Claims {
        let mut codes = self.codes(profile, graphics);
        if pixels && !codes.is_empty() {
            codes.push(options::PIXELS_CODE);
        }
        if face == FaceClaim::Removed && !codes.is_empty() {
            codes.push(options::FACES_CODE);
        }
        Claims {
            codes,
            longitudinal: profile.longitudinal(),
            identity_removed: pixels && profile.is_standard(),
            keep_uids: profile.has(Choice::Uids),
            face,
        }
    }

    /// Where an output is written, and the path that the report names.
    pub(super) fn destination(
        &self,
        target: &Target,
        person: &Person,
        subject: &str,
        input: [u8; 32],
    ) -> (PathBuf, PathBuf) {
        let keyed = || {
            let name = |first, what: &str, data: &[u8]| opaque(&self.key, first, what, data);
            let instance = [person.instance.as_bytes(), &input].concat();
            Path::new(subject)
                .join(name('T', "study name", person.study.as_bytes()))
                .join(name('S', "series name", person.series.as_bytes()))
                .join(format!("{}.dcm", name('I', "instance name", &instance)))
        };
        match target {
            Target::Path(path) => (path.clone(), path.clone()),
            Target::Under(folder) => {
                let path = folder.join(keyed());
                (path.clone(), path)
            }
            Target::Staged(path) => (path.clone(), keyed()),
        }
    }

    /// Gives a checked file its name and remembers it. A second input with the same content has the same output: it is
    /// there already.
    pub(super) fn publish(
        &self,
        pending: Pending,
        path: &Path,
        target: &Target,
        overwrite: bool,
    ) -> Result<(), Refusal> {
        if !matches!(target, Target::Under(_)) {
            return pending.publish(overwrite);
        }
        let mut published = self
            .desk
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if published.contains(path) {
            return Ok(());
        }
        pending.publish(overwrite)?;
        published.insert(path.to_path_buf());
        Ok(())
    }

    /// Where the output of an object goes.
    ///
    /// # Errors
    /// Those of pseudonyms.
    pub fn output_of(&self, object: &dicom::Object, target: &Target) -> Result<PathBuf, Refusal> {
        let person = object.person();
        let subject = self.subject(&person)?;
        let (path, _) = self.destination(target, &person, &subject.pseudonym, object.sha256());
        Ok(path)
    }

    /// An output was taken back: its name is free again.
    pub fn withdrawn(&self, path: &Path) {
        self.desk
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(path);
    }

    /// Notes in the map what stands for what.
    pub(super) fn note(&self, person: &Person, subject: &Subject) -> Result<(), Refusal> {
        let (Some(map), Some(profile)) = (&self.desk.map, &self.site.profile) else {
            return Ok(());
        };
        let pair = |old: &str| {
            let new = if profile.has(Choice::Uids) {
                old.to_owned()
            } else {
                dicom::new_uid(&self.key, old)
            };
            (new, old.to_owned())
        };
        map.add(&Record {
            patient: person.id.clone(),
            issuer: person.issuer.clone(),
            accession: person.accession.clone(),
            subject: subject.pseudonym.clone(),
            days: profile.has(Choice::ModifiedDates).then_some(subject.days),
            study: pair(&person.study),
            series: pair(&person.series),
            instance: pair(&person.instance),
        })
        .map_err(|_| Refusal::new(Reason::Write, "the map of UIDs"))
    }

    /// Runs `then` with the method of a subject; these groups of overlays stay, and these annotations lose their lines.
    pub(super) fn with_method<T>(
        &self,
        profile: &Profile,
        subject: &Subject,
        input: &Path,
        (overlays, annotations): (&[u16], Option<&[usize]>),
        then: impl FnOnce(&Method<'_>) -> T,
    ) -> T {
        let file_name = input
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        then(&Method {
            profile,
            key: &self.key,
            pseudonym: &subject.pseudonym,
            shift_days: subject.days,
            file_name: &file_name,
            safe: &|word| self.is_public(word),
            overlays,
            annotations,
        })
    }

    /// Looks for identities of the original in a written file.
    pub(super) fn scan_written(
        &self,
        deidentified: &Deidentified,
        bytes: Vec<u8>,
    ) -> Result<(), Refusal> {
        let safe = |word: &str| self.is_public(word);
        let scanner = deidentified.scanner();
        if let Some(hit) = scanner.file(bytes, &self.config.limits, &safe)?.first() {
            return Err(left(hit));
        }
        Ok(())
    }

    /// The report's part about the header.
    pub(super) fn metadata(
        &self,
        deidentified: Option<&Deidentified>,
        graphics: bool,
        mut actions: std::collections::BTreeMap<String, u32>,
    ) -> MetadataReport {
        for (name, count) in deidentified.map(|d| &d.actions).into_iter().flatten() {
            *actions.entry((*name).to_owned()).or_default() += count;
        }
        MetadataReport {
            profile: deidentified
                .and(self.site.profile.as_ref())
                .map(|p| p.name.clone()),
            codes: deidentified
                .and(self.site.profile.as_ref())
                .map(|p| {
                    let codes = self.codes(p, graphics);
                    codes.iter().map(|c| c[0].to_owned()).collect()
                })
                .unwrap_or_default(),
            attributes: deidentified
                .map(|d| {
                    d.by_tag
                        .iter()
                        .map(|(t, a)| (t.clone(), (*a).to_owned()))
                        .collect()
                })
                .unwrap_or_default(),
            actions,
        }
    }

    /// An object of which only the header is treated, end to end; with no target nothing is written.
    pub(super) fn header_only(
        &self,
        object: &HeaderObject,
        input: &Path,
        target: Option<(&Target, bool)>,
        report: &mut FileReport,
    ) -> Result<(), Refusal> {
        report.input_sha256 = Some(hex(&object.sha256()));
        report.transfer_syntax = Some(Syntaxes {
            input: object.syntax().to_owned(),
            out: None,
        });
        report.warnings = object.notes().iter().map(|n| (*n).to_owned()).collect();
        if let Some(pdf) = object.pdf() {
            self.gate(&object.person(), object.consent(), report)?;
            return Err(self.document(pdf, &object.identities(), report));
        }
        report.warnings.push("header-only".into());
        let Some(profile) = &self.site.profile else {
            return Err(Refusal::new(
                Reason::ObjectClass,
                "no profile treats its header",
            ));
        };
        let person = object.person();
        self.gate(&person, object.consent(), report)?;
        if self.config.faces == Faces::Deface && dicom::may_outline(object.sop_class()) {
            return Err(Refusal::new(Reason::Face, "an outline may show one"));
        }
        let subject = self.subject(&person)?;
        report.warnings.extend(subject.note.map(str::to_owned));
        report.outcome = Outcome::Clean;
        let identities = object.identities();
        let graphics = match self.cleans_graphics() {
            true => Some(self.annotations(object, &identities)?),
            false => None,
        };
        let dropped = graphics.as_ref().map(Annotations::dropped);
        if let Some(graphics) = &graphics {
            report.carriers = graphics.actions();
        }
        let Some((target, overwrite)) = target else {
            return Ok(());
        };
        let (output, told) = self.destination(target, &person, &subject.pseudonym, object.sha256());
        let kept = (&[][..], dropped.as_deref());
        let deidentified = self.with_method(profile, &subject, input, kept, |method| {
            object.deidentify(method)
        });
        let earned =
            graphics.as_ref().is_some_and(Annotations::whole) && !object.has_other_graphics();
        let claims = Claims {
            // Pixels that nobody looked at: what the patient is may still be seen in them.
            identity_removed: profile.is_standard() && !object.has_pixels(),
            ..self.claims(profile, false, earned, FaceClaim::Silent)
        };
        let mut bytes = Vec::new();
        let actions = object.write(&deidentified, &claims, &self.key, &mut bytes)?;
        object.check(&bytes, claims.keep_uids, &self.config.limits)?;
        if let Some(graphics) = graphics.as_ref().filter(|g| !g.is_empty()) {
            let Opened::Header(written) =
                dicom::open_bytes(bytes.clone(), self.reading(), self.header_only_objects())?
            else {
                return Err(Refusal::new(Reason::BadEncoding, "another kind of object"));
            };
            if !graphics.holds_in(&self.annotations(&written, &identities)?) {
                let what = "annotations are not those that were to stay";
                return Err(Refusal::new(Reason::ResidualText, what));
            }
        }
        let sha256 = hex(&Sha256::digest(&bytes));
        let mut pending = Pending::beside(&output)?;
        pending
            .file()?
            .write_all(&bytes)
            .map_err(|e| publish::refusal("writing", &e))?;
        pending.finish()?;
        self.scan_written(&deidentified, bytes)?;
        self.note(&person, &subject)?;
        self.publish(pending, &output, target, overwrite)?;
        report.output = Some(told.to_string_lossy().into_owned());
        report.output_sha256 = Some(sha256);
        report.verify = Some(VerifyReport {
            ok: true,
            inside_constant: true,
            encapsulation_valid: true,
            identities_left: Some(0),
            ..VerifyReport::default()
        });
        if let Some(syntaxes) = &mut report.transfer_syntax {
            syntaxes.out = Some(object.syntax().to_owned());
        }
        report.metadata = Some(self.metadata(Some(&deidentified), earned, actions));
        Ok(())
    }

    /// Identities of an original in a file that says it was de-identified; `None` where it does not say so. What the file
    /// claims to retain is not looked for.
    pub(super) fn identities_left(
        &self,
        original: &Path,
        file: &Path,
    ) -> Result<Option<Vec<Hit>>, Refusal> {
        let limits = &self.config.limits;
        let read = |path: &Path| {
            std::fs::read(path).map_err(|e| Refusal::new(Reason::Read, format!("{}", e.kind())))
        };
        let claimed = match dicom::open(file, self.reading(), HeaderOnly::Reports)? {
            Opened::Image(o) => o.claimed(),
            Opened::Header(o) => o.claimed(),
        };
        let (Some(claimed), Some(profile)) = (claimed, &self.site.profile) else {
            return Ok(None);
        };
        let mut profile = profile.clone();
        profile.options.extend(claimed.options.iter().copied());
        if profile.options.contains(&Choice::FullDates) {
            profile.options.remove(&Choice::ModifiedDates);
        }
        let key =
            Key::ephemeral().map_err(|_| Refusal::new(Reason::Internal, "no random bytes"))?;
        let opened = dicom::open(original, self.reading(), HeaderOnly::Reports)?;
        let study_date = match &opened {
            Opened::Image(o) => o.study_date(),
            Opened::Header(o) => o.study_date(),
        };
        // The shift is the patient's secret, but the pair itself tells it.
        let days = |text: &Option<String>| text.as_deref().and_then(date::parse);
        let shift = match (days(&study_date), days(&claimed.study_date)) {
            (Some(before), Some(after)) => after - before,
            _ => 0,
        };
        let subject = Subject {
            pseudonym: String::new(),
            days: shift,
            note: None,
        };
        let safe = |word: &str| self.is_public(word);
        let file_name = original
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let method = Method {
            profile: &profile,
            key: &key,
            pseudonym: &subject.pseudonym,
            shift_days: subject.days,
            file_name: &file_name,
            safe: &safe,
            overlays: &[],
            annotations: None,
        };
        let deidentified = match &opened {
            Opened::Image(o) => o.deidentify(&method),
            Opened::Header(o) => o.deidentify(&method),
        };
        deidentified
            .scanner()
            .file(read(file)?, limits, &safe)
            .map(Some)
    }

    /// A pair of objects of which only the header was treated: `None` where the original is an image.
    pub(super) fn verify_header_pair(
        &self,
        original: &Path,
        file: &Path,
    ) -> Option<Result<VerifyReport, Refusal>> {
        let limits = &self.config.limits;
        let Ok(Opened::Header(object)) = dicom::open(original, limits, HeaderOnly::Reports) else {
            return None;
        };
        Some(guarded(|| {
            let bytes = std::fs::read(file)
                .map_err(|e| Refusal::new(Reason::Read, format!("{}", e.kind())))?;
            // An output that says that UIDs stay is held to that, as others are to new ones.
            let says = match dicom::open(file, limits, HeaderOnly::Reports)? {
                Opened::Header(written) => written.claimed(),
                Opened::Image(_) => None,
            };
            let keeps = says.is_some_and(|c| c.options.contains(&Choice::Uids));
            object.check(&bytes, keeps, limits)?;
            let left = self
                .identities_left(original, file)?
                .map(|hits| hits.len() as u32);
            Ok(VerifyReport {
                ok: left == Some(0),
                inside_constant: true,
                encapsulation_valid: true,
                identities_left: left,
                ..VerifyReport::default()
            })
        }))
    }
}

/// What was found, without its text.
fn left(hit: &Hit) -> Refusal {
    Refusal::new(
        Reason::IdentityLeft,
        format!("a value of `{}` at {}", hit.attribute, hit.place),
    )
}
