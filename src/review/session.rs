//! One review: its files, their plans, what people did, and the pictures that are shown.

use super::api::{
    Counts, Detail, FileRow, HistoryLine, ImageInfo, ItemInfo, Named, NamedWindow, SessionInfo,
    ViewInfo,
};
use super::api::{Edit, Fault};
use super::clock;
use super::items::{self, Fate, Item};
use super::lru::Lru;
use super::pictures::Pictures;
use super::plans::{PlanState, Planned, Plans};
use super::sample::{self, Draw};
use super::state::{Deed, FileState, Record, Stage, told};
use super::store::Store;
use super::templates::Remembered;
use crate::batch::archive;
use crate::batch::walk::WorkItem;
use crate::config::Limits;
use crate::dicom::{self, Object, Peek};
use crate::error::Result;
use crate::geometry::Rect;
use crate::key::Key;
use crate::outcome::{Outcome, Reason, Refusal};
use crate::plan::Origin;
use crate::redact::{Engine, Input, Target};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of objects that are kept open.
const OBJECT_BYTES: usize = 384 << 20;
/// Longest name of a person, characters.
const NAME_CHARS: usize = 80;
/// Longest comment or reason, characters.
const COMMENT_CHARS: usize = 2000;

/// A file to review.
#[derive(Clone, Debug)]
pub struct Work {
    /// The file.
    pub item: WorkItem,
    /// Its number in the work list of a job, and what the job said about it.
    pub held: Option<(u64, Outcome, Option<String>)>,
}

/// How a review is held.
#[derive(Clone, Default)]
pub struct Options {
    /// Who reviews, where it is known at the start.
    pub reviewer: Option<String>,
    /// Whether two different people have to approve.
    pub two_person: bool,
    /// Where approved files are written.
    pub output: Option<PathBuf>,
    /// Whether outputs get keyed names below `output`.
    pub keyed: bool,
    /// Whether outputs of another origin are replaced.
    pub overwrite: bool,
    /// How many files to draw.
    pub sample: Option<usize>,
    /// Bounds on what a file may claim.
    pub limits: Limits,
    /// Where templates and the evidence of a sample are kept.
    pub folder: PathBuf,
    /// The job whose files they are.
    pub job: Option<super::job::JobDesk>,
}

/// One file of the review.
pub struct ReviewFile {
    /// Opaque.
    pub id: String,
    /// Where it comes from and goes to.
    pub item: WorkItem,
    /// For people: the path below the input.
    pub name: String,
    /// What the header says at first sight.
    pub peek: Option<Peek>,
    /// Opaque ids of equipment and size, series, study.
    pub equipment: String,
    /// See `equipment`.
    pub series: Option<String>,
    /// See `equipment`.
    pub study: Option<String>,
    /// Its number in a job, and what the job said about it.
    pub held: Option<(u64, Outcome, Option<String>)>,
}

/// People's work, and where it is kept.
pub struct Log {
    store: Box<dyn Store>,
    next: u64,
    states: HashMap<String, FileState>,
}

impl Log {
    /// What people did to a file.
    pub fn state(&self, file: &str) -> FileState {
        self.states.get(file).cloned().unwrap_or_default()
    }

    /// The number that the next record gets.
    pub fn next_seq(&self) -> u64 {
        self.next
    }

    /// Adds a record; it is on the disk when this returns.
    pub fn add(&mut self, file: &str, who: Option<String>, deed: Deed) -> Result<()> {
        let record = Record {
            seq: self.next,
            at_ms: clock::now_ms(),
            file: file.to_owned(),
            who,
            deed,
        };
        self.store.append(&record)?;
        self.next += 1;
        self.states
            .entry(record.file.clone())
            .or_default()
            .take(&record);
        Ok(())
    }
}

/// A review under way.
pub struct Session {
    pub(super) engine: Arc<Engine>,
    pub(super) options: Options,
    pub(super) salt: Key,
    pub(super) files: Vec<ReviewFile>,
    skipped: usize,
    by_id: HashMap<String, usize>,
    pub(super) plans: Plans,
    objects: Lru<usize, Object>,
    pub(super) pictures: Pictures,
    log: Mutex<Log>,
    reviewer: Mutex<Option<String>>,
    pub(super) remembered: Mutex<Remembered>,
    pub(super) draw: Option<Draw>,
    /// One output is written at a time.
    pub(super) writing: Mutex<()>,
}

impl Session {
    /// Begins or goes on with a review of these files.
    ///
    /// # Errors
    /// Those of reading the log and the templates.
    pub fn open(
        engine: Engine,
        options: Options,
        work: Vec<Work>,
        mut store: Box<dyn Store>,
        salt: Key,
    ) -> Result<Session> {
        let listed = work.len();
        let mut files: Vec<ReviewFile> = work
            .into_iter()
            .filter_map(|work| look(work, &options.limits, &salt))
            .collect();
        let skipped = listed - files.len();
        let draw = options.sample.map(|n| sample::draw(&files, n, &salt));
        if let Some(draw) = &draw {
            files.retain(|f| draw.ids.contains(&f.id));
        }
        let mut states: HashMap<String, FileState> = HashMap::new();
        let mut next = 1;
        for record in store.load()? {
            next = next.max(record.seq + 1);
            states.entry(record.file.clone()).or_default().take(&record);
        }
        let by_id = files.iter().enumerate();
        Ok(Session {
            by_id: by_id.map(|(i, f)| (f.id.clone(), i)).collect(),
            plans: Plans::new(files.len()),
            objects: Lru::new(OBJECT_BYTES),
            pictures: Pictures::new(),
            log: Mutex::new(Log {
                store,
                next,
                states,
            }),
            reviewer: Mutex::new(options.reviewer.as_deref().and_then(person)),
            remembered: Mutex::new(Remembered::open(&options.folder)?),
            draw,
            writing: Mutex::new(()),
            engine: Arc::new(engine),
            options,
            salt,
            files,
            skipped,
        })
    }

    /// Files of the work list that are no DICOM objects.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// How many files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Makes plans until [`Session::end`]; runs on a thread of its own.
    pub fn make_plans(&self) {
        self.plans.work(|file, asked| self.make_plan(file, asked));
    }

    /// Makes pictures that will be asked for until [`Session::end`]; runs on a thread of its own.
    pub fn make_pictures(&self) {
        self.pictures.work(|want| self.prepare(want));
    }

    /// Lets the threads of the session end.
    pub fn end(&self) {
        self.plans.end();
        self.pictures.end();
    }

    fn make_plan(&self, file: usize, asked: bool) -> PlanState {
        let Some(f) = self.files.get(file) else {
            return PlanState::Waiting;
        };
        let name = f.item.name();
        let input = Input::Read(&name, self.bytes(file));
        match Planned::make(&self.engine, input, &self.salt) {
            Ok((planned, object)) => {
                let planned = Arc::new(planned);
                let object = Arc::new(object);
                self.first_thumbs(file, &planned, &object);
                if asked {
                    self.keep(file, object);
                }
                PlanState::Ready(planned)
            }
            Err(report) => PlanState::Refused(Arc::new(*report)),
        }
    }

    /// The bytes of a file.
    pub(super) fn bytes(&self, file: usize) -> Result<Vec<u8>, Refusal> {
        let Some(f) = self.files.get(file) else {
            return Err(Refusal::new(Reason::Internal, "no such file"));
        };
        if let Some(problem) = &f.item.problem {
            return Err(problem.clone());
        }
        match f.item.member {
            None => dicom::file_bytes(&f.item.input, &self.options.limits),
            Some(number) => archive::member(&f.item.input, number, &self.options.limits),
        }
    }

    /// An open object.
    ///
    /// # Errors
    /// Those of reading.
    pub(super) fn object(&self, file: usize) -> Result<Arc<Object>, Refusal> {
        if let Some(object) = self.objects.get(&file) {
            return Ok(object);
        }
        let name = self.files.get(file).map(|f| f.item.name());
        let name = name.unwrap_or_default();
        let object = Arc::new(self.engine.image(Input::Read(&name, self.bytes(file)))?);
        self.keep(file, Arc::clone(&object));
        Ok(object)
    }

    fn keep(&self, file: usize, object: Arc<Object>) {
        let bytes = usize::try_from(object.encoded_len()).unwrap_or(usize::MAX / 2);
        self.objects.put(file, object, bytes);
    }

    /// The file with this id.
    ///
    /// # Errors
    /// `not-found`.
    pub fn find(&self, id: &str) -> Result<usize, Fault> {
        self.by_id.get(id).copied().ok_or_else(Fault::not_found)
    }

    /// A file of the list.
    ///
    /// # Errors
    /// `not-found`.
    pub(super) fn file(&self, file: usize) -> Result<&ReviewFile, Fault> {
        self.files.get(file).ok_or_else(Fault::not_found)
    }

    /// The plan of a file.
    ///
    /// # Errors
    /// `planning`, `cannot-be-shown`.
    pub fn planned(&self, file: usize) -> Result<Arc<Planned>, Fault> {
        match self.plans.get(file) {
            PlanState::Ready(planned) => Ok(planned),
            PlanState::Refused(report) => Err(Fault::unshown(
                report.reason.as_deref().unwrap_or("internal"),
            )),
            PlanState::Waiting => {
                self.plans.ask(file);
                Err(Fault::planning())
            }
        }
    }

    /// People's work.
    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        // What panics while it holds the log has written its record or not: both are sound.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who reviews.
    pub fn reviewer(&self) -> Option<String> {
        let name = self.reviewer.lock();
        name.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says who reviews.
    ///
    /// # Errors
    /// `bad-name`.
    pub fn set_reviewer(&self, name: &str) -> Result<(), Fault> {
        let name = person(name)
            .ok_or_else(|| Fault::bad("bad-name", "a name has one to eighty characters"))?;
        let mut reviewer = self.reviewer.lock().unwrap_or_else(PoisonError::into_inner);
        *reviewer = Some(name);
        Ok(())
    }

    /// Templates that were remembered for this equipment, with their rectangles.
    pub(super) fn always(&self, planned: &Planned) -> Vec<(String, Vec<Rect>)> {
        let remembered = self.remembered.lock();
        remembered
            .unwrap_or_else(PoisonError::into_inner)
            .matching(&planned.facts)
    }

    /// The places of a file as they stand.
    pub(super) fn items(&self, file: &str, planned: &Planned, state: &FileState) -> Vec<Item> {
        items::present(planned, file, &self.salt, &self.always(planned), state)
    }

    /// Notes that a file was opened.
    ///
    /// # Errors
    /// Those of the log.
    pub fn open_file(&self, file: usize) -> Result<(), Fault> {
        let f = self.file(file)?;
        let mut log = self.log();
        if log.state(&f.id).stage == Stage::Unseen {
            log.add(&f.id, self.reviewer(), Deed::Opened)?;
        }
        Ok(())
    }

    /// Notes that a picture of it was on the screen.
    ///
    /// # Errors
    /// Those of the log.
    pub fn shown(&self, file: usize) -> Result<(), Fault> {
        let f = self.file(file)?;
        let mut log = self.log();
        if !log.state(&f.id).seen {
            log.add(&f.id, self.reviewer(), Deed::Shown)?;
        }
        Ok(())
    }

    /// Notes that a view of it was opened.
    ///
    /// # Errors
    /// `not-found`, those of the log.
    pub fn view_opened(&self, file: usize, view: &str) -> Result<(), Fault> {
        let f = self.file(file)?;
        let planned = self.planned(file)?;
        if !views(&planned).iter().any(|v| v.id == view) {
            return Err(Fault::not_found());
        }
        let mut log = self.log();
        if !log.state(&f.id).views.contains(view) {
            let view = view.to_owned();
            log.add(&f.id, self.reviewer(), Deed::View { view })?;
        }
        Ok(())
    }

    /// Does edits as one undo step.
    ///
    /// # Errors
    /// `conflict` where somebody was faster, or what is wrong with an edit.
    pub fn edit(&self, file: usize, version: u64, edits: Vec<Edit>) -> Result<(), Fault> {
        let f = self.file(file)?;
        let planned = self.planned(file)?;
        let edits = edits.into_iter().map(tidy).collect::<Result<Vec<_>, _>>()?;
        let always = self.always(&planned);
        let mut log = self.log();
        let state = current(&log, &f.id, version)?;
        let base = items::of_plan(&planned, &f.id, &self.salt, &always);
        let mut now = items::present(&planned, &f.id, &self.salt, &always, &state);
        let who = self.reviewer();
        let maker = super::edits::Maker {
            planned: &planned,
            base: &base,
            ids: items::step_ids(&f.id, &self.salt, log.next_seq()),
            who: who.as_deref(),
        };
        maker.run(&mut now, &edits)?;
        let plan = planned.digest.clone();
        log.add(&f.id, who, Deed::Edit { plan, edits })?;
        Ok(())
    }

    /// Takes the last step back, or brings it again.
    ///
    /// # Errors
    /// `conflict`, `nothing-to-undo`.
    pub fn step(&self, file: usize, version: u64, back: bool) -> Result<(), Fault> {
        let f = self.file(file)?;
        let mut log = self.log();
        let state = current(&log, &f.id, version)?;
        let (possible, deed) = match back {
            true => (state.can_undo(), Deed::Undo),
            false => (state.can_redo(), Deed::Redo),
        };
        if !possible {
            return Err(Fault::bad("nothing-to-undo", "there is no such step"));
        }
        log.add(&f.id, self.reviewer(), deed)?;
        Ok(())
    }

    /// The line of the list about a file; with its rectangles where asked for.
    ///
    /// # Errors
    /// `not-found`.
    pub fn row(&self, file: usize, rects: bool) -> Result<FileRow, Fault> {
        let f = self.file(file)?;
        let state = self.log().state(&f.id);
        let plan = self.plans.get(file);
        let items = match &plan {
            PlanState::Ready(planned) => self.items(&f.id, planned, &state),
            _ => Vec::new(),
        };
        Ok(self.row_of(f, &plan, &state, &items, rects))
    }

    fn row_of(
        &self,
        f: &ReviewFile,
        plan: &PlanState,
        state: &FileState,
        items: &[Item],
        rects: bool,
    ) -> FileRow {
        let report = match plan {
            PlanState::Ready(planned) => Some(&planned.draft.report),
            PlanState::Refused(report) => Some(report.as_ref()),
            PlanState::Waiting => None,
        };
        let planned = report.map(|r| (r.outcome.name(), r.reason.clone()));
        let before = f.held.as_ref().map(|(_, o, r)| (o.name(), r.clone()));
        let result = state.result.as_ref().and_then(|r| {
            let outcome = Outcome::find(&r.outcome)?;
            Some((outcome.name(), r.reason.clone()))
        });
        let (outcome, reason) = result.or(before).or(planned).unwrap_or(("pending", None));
        let peek = f.peek.as_ref();
        let of = |fate: Fate| items.iter().filter(move |i| i.fate == fate);
        let all = |fate: Fate| -> Vec<super::api::Box> {
            let rects: BTreeSet<Rect> = of(fate).map(|i| i.rect).collect();
            rects.into_iter().map(Into::into).collect()
        };
        FileRow {
            id: f.id.clone(),
            name: f.name.clone(),
            outcome,
            explain: reason.as_deref().and_then(explain),
            reason,
            risk: report.and_then(|r| r.risk.clone()).unwrap_or_default(),
            modality: peek.map(|p| p.modality.clone()).unwrap_or_default(),
            equipment: f.equipment.clone(),
            equipment_label: peek
                .map(|p| {
                    let e = &p.equipment;
                    let label = format!("{} {}", e.manufacturer, e.model);
                    format!("{} {}×{}", label.trim(), p.cols, p.rows)
                })
                .unwrap_or_default(),
            group: f.series.clone(),
            study: f.study.clone(),
            frames: peek.map_or(1, |p| p.frames),
            rows: peek.map_or(0, |p| p.rows),
            cols: peek.map_or(0, |p| p.cols),
            boxes: of(Fate::Mask).count(),
            kept: of(Fate::Keep).count(),
            lowest_confidence: items
                .iter()
                .filter(|i| i.fate != Fate::Weak && i.origin == Origin::Rule)
                .map(|i| i.confidence)
                .min(),
            state: state.stage.name(),
            seen: state.seen,
            approvals: state.approvals.clone(),
            comment: state.comment.clone(),
            planned: report.is_some(),
            version: state.version,
            masks: rects.then(|| all(Fate::Mask)),
            kept_rects: rects.then(|| all(Fate::Keep)),
        }
    }

    /// Everything about a file.
    ///
    /// # Errors
    /// `planning`, `cannot-be-shown`.
    pub fn detail(&self, file: usize) -> Result<Detail, Fault> {
        let f = self.file(file)?;
        let state = self.log().state(&f.id);
        let plan = self.plans.get(file);
        let planned = self.planned(file)?;
        let items = self.items(&f.id, &planned, &state);
        let always = self.always(&planned);
        let report = &planned.draft.report;
        let mut held = planned.draft.plan.review.clone();
        held.extend(report.reason.clone());
        held.extend(f.held.as_ref().and_then(|h| h.2.clone()));
        held.sort_unstable();
        held.dedup();
        let regions = planned.regions().into_iter().map(Into::into);
        Ok(Detail {
            row: self.row_of(f, &plan, &state, &items, true),
            version: state.version,
            image: image(&planned),
            views: views(&planned),
            regions: regions.collect(),
            unopened: unopened(&planned, &items, &state),
            items: items.iter().map(item_info).collect(),
            history: state
                .history
                .iter()
                .map(|record| HistoryLine {
                    seq: record.seq,
                    at: clock::rfc3339(record.at_ms),
                    who: record.who.clone(),
                    what: told(record),
                    undone: state.is_undone(record),
                })
                .collect(),
            can_undo: state.can_undo(),
            can_redo: state.can_redo(),
            carriers: planned.draft.plan.carriers.clone(),
            held,
            template: always.into_iter().next().map(|(name, _)| Named { name }),
        })
    }

    /// The text that was read at a place.
    ///
    /// # Errors
    /// `not-found`.
    pub fn text(&self, file: usize, item: &str) -> Result<Option<String>, Fault> {
        let f = self.file(file)?;
        let planned = self.planned(file)?;
        let state = self.log().state(&f.id);
        let items = self.items(&f.id, &planned, &state);
        let item = items.into_iter().find(|i| i.id == item);
        Ok(item.ok_or_else(Fault::not_found)?.text)
    }

    /// The review as a whole.
    pub fn info(&self) -> SessionInfo {
        let profile = self.engine.profile();
        SessionInfo {
            version: env!("CARGO_PKG_VERSION"),
            reviewer: self.reviewer(),
            two_person: self.options.two_person,
            sample: self.sample_info(),
            job: self.options.job.is_some(),
            profile: profile.map_or_else(|| "keep-metadata".into(), |p| p.name.clone()),
            output: self.options.output.is_some(),
            can_include_text: true,
            counts: self.counts(),
        }
    }

    /// How far the people are.
    pub fn counts(&self) -> Counts {
        let log = self.log();
        let mut counts = Counts {
            total: self.files.len(),
            ..Counts::default()
        };
        for f in &self.files {
            let stage = log.states.get(&f.id).map_or(Stage::Unseen, |s| s.stage);
            *match stage {
                Stage::Unseen => &mut counts.unseen,
                Stage::Open => &mut counts.open,
                Stage::Approved => &mut counts.approved,
                Stage::Flagged => &mut counts.flagged,
                Stage::Rejected => &mut counts.rejected,
            } += 1;
        }
        counts
    }

    /// Where an approved file is written to.
    pub(super) fn target(&self, f: &ReviewFile) -> Option<Target> {
        let output = self.options.output.as_ref()?;
        Some(if self.options.keyed {
            Target::Under(output.clone())
        } else {
            Target::Path(output.join(&f.item.mirrored))
        })
    }
}

/// The state of a file, where nobody was faster.
pub(super) fn current(log: &Log, file: &str, version: u64) -> Result<FileState, Fault> {
    let state = log.state(file);
    if state.version != version {
        return Err(Fault::conflict(state.version));
    }
    Ok(state)
}

/// A person's name, tidied.
fn person(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    (1..=NAME_CHARS)
        .contains(&name.chars().count())
        .then_some(name)
}

/// A comment or reason, tidied; nothing where it says nothing.
///
/// # Errors
/// `too-long`.
pub(super) fn words(text: Option<String>) -> Result<Option<String>, Fault> {
    let text = text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    if text
        .as_ref()
        .is_some_and(|t| t.chars().count() > COMMENT_CHARS)
    {
        return Err(Fault::bad(
            "too-long",
            "a comment has at most 2000 characters",
        ));
    }
    Ok(text)
}

fn tidy(mut edit: Edit) -> Result<Edit, Fault> {
    match &mut edit {
        Edit::Set { why, .. }
        | Edit::Add { why, .. }
        | Edit::Change { why, .. }
        | Edit::Delete { why, .. } => *why = words(why.take())?,
        Edit::Band { .. } | Edit::OutsideRegions => {}
    }
    Ok(edit)
}

/// What a reason means, and what can be done.
fn explain(code: &str) -> Option<String> {
    let reason = Reason::find(code)?;
    Some(format!("{}; {}", reason.trigger(), reason.remedy()))
}

/// Looks at the header of a file; nothing where it is no DICOM object at all.
fn look(work: Work, limits: &Limits, salt: &Key) -> Option<ReviewFile> {
    let Work { item, held } = work;
    let peek = match (item.member, &item.problem) {
        (None, None) => match std::fs::File::open(&item.input) {
            Ok(mut file) => match dicom::peek(&mut file, limits) {
                Err(r) if r.reason.outcome() == Outcome::Skipped => return None,
                peek => peek.ok(),
            },
            // What cannot be opened is told when its turn comes.
            Err(_) => None,
        },
        _ => None,
    };
    let id = |purpose: &str, text: &str| items::short(salt, purpose, text);
    let group = |uid: &String, what: &str| (!uid.is_empty()).then(|| id(what, uid));
    let place = item.name();
    let place = std::path::absolute(&place).unwrap_or(place);
    let mac = salt.mac("review file", place.as_os_str().as_encoded_bytes());
    Some(ReviewFile {
        id: mac.iter().take(8).map(|b| format!("{b:02x}")).collect(),
        name: item.mirrored.to_string_lossy().into_owned(),
        equipment: peek.as_ref().map_or_else(String::new, |p| {
            let e = &p.equipment;
            let what = (&e.manufacturer, &e.model, p.rows, p.cols);
            id("review equipment", &format!("{what:?}"))
        }),
        series: peek
            .as_ref()
            .and_then(|p| group(&p.series, "review series")),
        study: peek.as_ref().and_then(|p| group(&p.study, "review study")),
        peek,
        item,
        held,
    })
}

fn image(planned: &Planned) -> ImageInfo {
    let (f, display) = (&planned.facts.format, &planned.facts.display);
    let windows: Vec<NamedWindow> = display
        .windows
        .iter()
        .enumerate()
        .map(|(i, w)| NamedWindow {
            name: format!("window-{}", i + 1),
            center: w.center,
            width: w.width,
        })
        .collect();
    let [r, g, b] = planned.fill_colour;
    ImageInfo {
        rows: f.rows,
        cols: f.cols,
        frames: planned.facts.frames,
        bits: if f.bits_stored > 8 { 16 } else { 8 },
        colour: planned.is_colour(),
        monochrome1: f.photometric == crate::frame::Photometric::Monochrome1,
        window: windows.first().cloned(),
        windows,
        frame_ms: None,
        fill: format!("#{r:02x}{g:02x}{b:02x}"),
    }
}

/// Every view of a file: those that were searched, and its overlay planes.
pub(super) fn views(planned: &Planned) -> Vec<ViewInfo> {
    let mut names: Vec<&String> = Vec::new();
    for (_, looked) in &planned.looked {
        for name in &looked.views {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let info = |name: &str| {
        let (label, channel) = match name.split_once('-') {
            Some(("window", n)) => (format!("Window {n}"), "window"),
            Some(("voi", n)) => (
                format!("Lookup table {}", n.trim_start_matches("lut-")),
                "window",
            ),
            Some(("overlay", group)) => (format!("Overlay {group}"), "overlay"),
            _ => match name {
                "luma" => ("Brightness".into(), "colour"),
                "red" => ("Red".into(), "colour"),
                "blue" => ("Blue".into(), "colour"),
                "robust-range" => ("Most of the range".into(), "range"),
                "full-range" => ("Full range".into(), "range"),
                "low-range" => ("Dark end".into(), "range"),
                "high-range" => ("Bright end".into(), "range"),
                other => (other.to_owned(), "range"),
            },
        };
        ViewInfo {
            id: name.to_owned(),
            label,
            channel,
        }
    };
    let overlays = planned.overlays.iter();
    names
        .into_iter()
        .map(|n| info(n))
        .chain(overlays.map(|o| info(&format!("overlay-{:04x}", o.group))))
        .collect()
}

/// Hidden views with findings that only they show, and that nobody opened.
pub(super) fn unopened(planned: &Planned, items: &[Item], state: &FileState) -> Vec<String> {
    let hidden: BTreeSet<&String> = items
        .iter()
        .filter(|i| i.fate != Fate::Weak)
        .filter_map(|i| i.view.as_ref())
        .filter(|v| planned.is_hidden(v) && !state.views.contains(*v))
        .collect();
    hidden.into_iter().cloned().collect()
}

fn item_info(item: &Item) -> ItemInfo {
    ItemInfo {
        id: item.id.clone(),
        action: item.fate.name(),
        rect: item.rect.into(),
        frames: item.frames,
        reason: item.reason.clone(),
        origin: match item.origin {
            Origin::Rule => "rule",
            Origin::Template => "template",
            Origin::Person => "person",
        },
        confidence: item.confidence,
        text: None,
        header_rule: item.guarded,
        view: item.view.clone(),
        by: item.by.clone(),
        note: item.note.clone(),
    }
}
