//! One review: its files, their plans, what people did, and the pictures that are shown.

use super::album::Pictures;
use super::fault::Fault;
use super::files::{self, ReviewFile, Work};
use super::items::{self, Item};
use super::log::Log;
use super::lru::Lru;
use super::plans::{PlanState, Planned, Plans};
use super::sample::{self, Draw};
use super::state::FileState;
use super::store::Store;
use super::templates::Remembered;
use crate::batch::archive;
use crate::config::Limits;
use crate::dicom::{self, Object};
use crate::error::Result;
use crate::geometry::Rect;
use crate::key::Key;
use crate::outcome::{Reason, Refusal};
use crate::redact::{Engine, Input, Target};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of objects that are kept open.
const OBJECT_BYTES: usize = 384 << 20;
/// Files that can be read at the same time; one file is read once, however many ask for it.
const READING_LANES: usize = 8;
/// Longest name of a person, characters.
const NAME_CHARS: usize = 80;

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
    reading: [Mutex<()>; READING_LANES],
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
        store: Box<dyn Store>,
        salt: Key,
    ) -> Result<Session> {
        let listed = work.len();
        let mut files: Vec<ReviewFile> = work
            .into_iter()
            .filter_map(|work| files::look(work, &options.limits, &salt))
            .collect();
        let skipped = listed - files.len();
        let draw = options.sample.map(|n| sample::draw(&files, n, &salt));
        if let Some(draw) = &draw {
            files.retain(|f| draw.ids.contains(&f.id));
        }
        let by_id = files.iter().enumerate();
        Ok(Session {
            by_id: by_id.map(|(i, f)| (f.id.clone(), i)).collect(),
            plans: Plans::new(files.len()),
            objects: Lru::new(OBJECT_BYTES),
            reading: Default::default(),
            pictures: Pictures::new(),
            log: Mutex::new(Log::open(store)?),
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
                self.first_pictures(file, &object);
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
        let lane = self.reading.get(file % READING_LANES);
        let _one = lane.map(|l| l.lock().unwrap_or_else(PoisonError::into_inner));
        // Whoever waited finds what the other read.
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

/// A person's name, tidied.
fn person(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    (1..=NAME_CHARS)
        .contains(&name.chars().count())
        .then_some(name)
}
