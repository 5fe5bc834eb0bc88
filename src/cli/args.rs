//! The command line: one definition for parsing, help, man pages and completions. Flags of settings come from the table
//! of settings ([`crate::config::settings`]).

use crate::batch::job::spec::Shard;
use crate::config::Config;
use crate::config::layers::{Layers, Source};
use crate::config::settings::{Kind, SETTINGS, Setting};
use crate::error::Result;
use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, Parser, Subcommand, ValueEnum,
};
use std::ffi::OsString;
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Exit codes: 0 every file clean, masked or skipped; 1 could not run; 2 usage; 3 finished, but some file needs review, was \
quarantined or failed, or a verified pair did not hold; 4 text found, with --fail-on-found; 130 interrupted.

`unburn help reasons` lists every reason why a file is not written, and what can be done about it.";

/// Removes burned-in text from DICOM images, checks what it wrote, and says only what it did.
#[derive(Debug, Parser)]
#[command(name = "unburn", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Verb,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Mask burned-in text in files and folders; write checked copies
    Redact(RedactArgs),
    /// Build and print the plan for files and folders; write no image
    Scan(ScanArgs),
    /// Archive jobs over folders: with a journal, resumable after a kill, whole series or nothing
    #[command(subcommand)]
    Batch(Box<BatchVerb>),
    /// Treat paths from stdin, one JSON result a line on stdout, for engines that hand out work themselves
    Worker(WorkerArgs),
    /// Write the statement for a privacy office about jobs: what was done, what was held back, what is not covered
    Report(StatementArgs),
    /// Tell holders of the key what left for a patient, when, to whom and under which profile
    Trace(TraceArgs),
    /// Draw one frame before and after, with boxes and reasons, as a PNG picture or a page
    Preview(PreviewArgs),
    /// Serve a local web page on which a technician looks at each file, corrects it and approves it
    Review(ReviewArgs),
    /// Check a redacted file against its original, or look for readable text in one file
    Verify(VerifyArgs),
    /// Show adapters, the chosen device, models, encodings, and run a self-test
    Doctor(DoctorArgs),
    /// Settings and where they come from
    #[command(subcommand)]
    Config(ConfigVerb),
    /// The project key, which makes new UIDs repeatable
    #[command(subcommand)]
    Key(KeyVerb),
    /// Confidentiality profiles: what becomes of each header attribute
    #[command(subcommand)]
    Profile(ProfileVerb),
    /// The site's equipment file: what is always masked on known equipment
    #[command(subcommand)]
    Templates(TemplatesVerb),
    /// The list of patients that opted out
    #[command(subcommand)]
    Optout(OptoutVerb),
    /// Print a completion script for a shell
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// Print the man page, of the program or of one command
    Man {
        /// Which command.
        command: Vec<String>,
    },
    /// Draws the pages of a PDF from stdin, for this program itself (see `codec::pdf`)
    #[command(hide = true)]
    DrawPages,
    /// Print help on a command, or on `reasons`
    Help {
        /// A command, or `reasons`.
        topic: Vec<String>,
    },
}

/// `unburn batch …`
#[derive(Debug, Subcommand)]
pub enum BatchVerb {
    /// Begin a job: freeze its configuration, list its files, and work until every one has an outcome
    Run(JobRunArgs),
    /// Go on with a job that was interrupted, killed, or had files set back by `retry`
    Resume(JobResumeArgs),
    /// Show how far a job is, also while it runs; with `--check` prove that journal, audit and outputs agree
    Status(JobStatusArgs),
    /// Write the operator's page: outcomes, masked area, throughput, and the images to look at first
    Report(JobReportArgs),
    /// Make a job without running it, and foretell from a sample what it will take
    Plan(JobPlanArgs),
    /// Set back every file with a reason code, so that `resume` treats it again
    Retry(JobRetryArgs),
    /// Treat what arrives in an inbox, whole series or studies at a time, until it is interrupted
    Watch(JobWatchArgs),
    /// Join the shards of a job into one report and one audit
    Merge(JobMergeArgs),
}

/// `unburn batch run`
#[derive(Debug, Args)]
pub struct JobRunArgs {
    /// Folder of the job; made new.
    #[arg(value_name = "JOB")]
    pub job: PathBuf,
    /// Files and folders to treat.
    #[arg(short, long, required = true, num_args = 1.., value_name = "DIR")]
    pub input: Vec<PathBuf>,
    /// Folder for the outputs, named by keyed ids or mirroring the inputs (`--names`). Must lie apart from every input and from JOB.
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// What leaves together or not at all.
    #[arg(long, value_enum, default_value_t = ReleaseKind::Series, value_name = "GROUP")]
    pub release: ReleaseKind,
    /// What is done about symbolic links inside folders.
    #[arg(long, value_enum, default_value_t = LinkKind::Skip, value_name = "POLICY")]
    pub symlinks: LinkKind,
    /// Treat part I of N only; files of one study are always in the same part.
    #[arg(long, value_name = "I/N", value_parser = clap::value_parser!(Shard))]
    pub shard: Option<Shard>,
    /// Who gets the outputs; recorded in the job and told by `unburn report`, `trace` and `optout recall`.
    #[arg(long, value_name = "NAME", value_parser = told)]
    pub recipient: Option<String>,
    /// What the outputs are for; recorded as the recipient is.
    #[arg(long, value_name = "TEXT", value_parser = told)]
    pub purpose: Option<String>,
    /// Keep the journal in this folder on a local disk, where JOB is on a network file system.
    #[arg(long, value_name = "DIR")]
    pub journal: Option<PathBuf>,
    /// Replace existing files in the output folder. Inputs are never replaced.
    #[arg(long)]
    pub overwrite: bool,
    /// Copy inputs that were held back into JOB/quarantine, beside the reason.
    #[arg(long)]
    pub quarantine_copy: bool,
    #[command(flatten)]
    pub runner: RunnerArgs,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// `unburn batch resume`
#[derive(Debug, Args)]
pub struct JobResumeArgs {
    /// Folder of the job.
    #[arg(value_name = "JOB")]
    pub job: PathBuf,
    #[command(flatten)]
    pub runner: RunnerArgs,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// What every run of a job needs.
#[derive(Debug, Args)]
pub struct RunnerArgs {
    /// Project key (at least 32 bytes, hex or raw); `UNBURN_KEY` may hold the key itself instead. A job needs one.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Print the summary as one JSON object.
    #[arg(long)]
    pub json: bool,
    /// How progress is shown on stderr; `auto` is a bar on a terminal and a line every ten seconds elsewhere.
    #[arg(long, value_enum, default_value_t = ProgressKind::Auto, value_name = "KIND")]
    pub progress: ProgressKind,
}

/// `unburn report`
#[derive(Debug, Args)]
pub struct StatementArgs {
    /// Folders of jobs (of all shards, of several jobs), or of a watcher; one statement is made about all of them.
    #[arg(required = true, value_name = "JOB")]
    pub jobs: Vec<PathBuf>,
    /// Where the page goes; `statement.html` in the first folder if not said. The same as JSON goes beside it.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Project key: audits and outputs are checked now, and the statement is sealed with it.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Print the JSON.
    #[arg(long)]
    pub json: bool,
}

/// `unburn trace`
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// Folders of jobs, or of a watcher.
    #[arg(required = true, value_name = "JOB")]
    pub jobs: Vec<PathBuf>,
    /// Patient id; `-` reads ids from stdin, one a line, so that they stay out of the history of the shell.
    #[arg(long = "id", required = true, value_name = "ID")]
    pub ids: Vec<String>,
    /// Issuer of the patient ids (0010,0021); without it an id stands for all issuers.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["accession", "study"])]
    pub issuer: Option<String>,
    /// The ids are accession numbers.
    #[arg(long, conflicts_with = "study")]
    pub accession: bool,
    /// The ids are Study Instance UIDs of the originals.
    #[arg(long)]
    pub study: bool,
    /// Project key; `UNBURN_KEY` may hold the key itself instead.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// `unburn batch status`
#[derive(Debug, Args)]
pub struct JobStatusArgs {
    /// Folder of the job.
    #[arg(value_name = "JOB")]
    pub job: PathBuf,
    /// Check the audit's chain with the key, and every output against its digest.
    #[arg(long)]
    pub check: bool,
    /// Project key, for `--check`.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// `unburn batch report`
#[derive(Debug, Args)]
pub struct JobReportArgs {
    /// Folder of the job.
    #[arg(value_name = "JOB")]
    pub job: PathBuf,
    /// Where the page goes; JOB/report.html if not said. It is private, as the job is.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The report of the job once more with opaque ids and keyed digests instead of paths and digests: fit to be passed on. Needs
    /// the key of the job.
    #[arg(long, value_name = "FILE.jsonl")]
    pub share_report: Option<PathBuf>,
    /// The project key, for `--share-report`; `UNBURN_KEY` may hold it instead.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// How many images the page shows, the most doubtful first; they are planned once more.
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub pictures: usize,
    /// Print the same figures as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// `unburn batch plan`
#[derive(Debug, Args)]
pub struct JobPlanArgs {
    /// About how many files are tried; every kind of equipment and encoding is among them.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub sample: u64,
    #[command(flatten)]
    pub run: JobRunArgs,
}

/// `unburn batch retry`
#[derive(Debug, Args)]
pub struct JobRetryArgs {
    /// Folder of the job.
    #[arg(value_name = "JOB")]
    pub job: PathBuf,
    /// The reason code, as `status` and `unburn help reasons` name it.
    #[arg(long, required = true, value_name = "CODE")]
    pub reason: Vec<String>,
    /// Project key (at least 32 bytes, hex or raw); `UNBURN_KEY` may hold the key itself instead.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// `unburn batch watch`
#[derive(Debug, Args)]
pub struct JobWatchArgs {
    /// A group is complete when nothing of it has changed for this time, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub quiet: u64,
    /// End when nothing waits in the inbox any more.
    #[arg(long)]
    pub once: bool,
    #[command(flatten)]
    pub run: JobRunArgs,
}

/// `unburn batch merge`
#[derive(Debug, Args)]
pub struct JobMergeArgs {
    /// Folder for the merged report and audit.
    #[arg(value_name = "INTO")]
    pub into: PathBuf,
    /// Folders of all shards of one job.
    #[arg(required = true, value_name = "JOB")]
    pub shards: Vec<PathBuf>,
    /// Project key (at least 32 bytes, hex or raw); `UNBURN_KEY` may hold the key itself instead.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Print the summary as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// `unburn worker`
#[derive(Debug, Args)]
pub struct WorkerArgs {
    /// Folder for the outputs of lines that are plain paths, named by keyed ids or mirroring the path (`--names`).
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Mirror only what lies below this folder; other paths are refused.
    #[arg(long, value_name = "DIR", requires = "output")]
    pub root: Option<PathBuf>,
    /// Replace existing outputs; engines that repeat a task need it, and get the same bytes. Inputs are never replaced.
    #[arg(long)]
    pub overwrite: bool,
    /// Project key (at least 32 bytes, hex or raw); `UNBURN_KEY` may hold the key itself instead. A worker needs one.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// A line of text that is told later.
fn told(text: &str) -> std::result::Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("it says nothing".into()),
        1..=200 if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        _ => Err("one line of at most 200 characters".into()),
    }
}

/// What leaves together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReleaseKind {
    /// Every file for itself.
    File,
    /// All images of a series.
    Series,
    /// All images of a study.
    Study,
}

/// Symbolic links inside folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LinkKind {
    /// Told, not followed.
    Skip,
    /// Followed.
    Follow,
}

/// `unburn config …`
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Print every setting with its value and where it came from
    Show(ShowArgs),
}

/// `unburn key …`
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Write a new key file that only its owner can read; never replaces a file
    New {
        /// Where to write it.
        file: PathBuf,
    },
    /// Print a map of UIDs that `redact --reidentification-map` wrote, as JSON lines: it identifies patients
    Map {
        /// The map.
        file: PathBuf,
        /// Project key that it was written with; `UNBURN_KEY` may hold the key itself instead.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Only records in which this new UID stands.
        #[arg(long, value_name = "UID")]
        uid: Option<String>,
    },
}

/// `unburn profile …`
#[derive(Debug, Subcommand)]
pub enum ProfileVerb {
    /// Print a profile: options, overrides, and what it makes of each attribute of PS3.15 table E.1-1
    Show {
        /// A preset (basic, public, research, vendor) or a file.
        #[arg(default_value = "basic")]
        profile: String,
        /// Further options, separated by commas.
        #[arg(long, default_value = "")]
        options: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print the attributes of which two profiles make different things
    Diff {
        /// A preset or a file.
        first: String,
        /// A preset or a file.
        second: String,
    },
}

/// `unburn templates …`
#[derive(Debug, Subcommand)]
pub enum TemplatesVerb {
    /// Make an equipment file from the rules of another program, and tell every rule that could not be taken over
    Import(ImportArgs),
}

/// `unburn templates import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// A script of CTP's DicomPixelAnonymizer, or a recipe of deid.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The language of the file; told from what is in it if not said.
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub form: Option<FormKind>,
    /// Where the templates go; stdout if not said.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace an existing file.
    #[arg(long, requires = "output")]
    pub overwrite: bool,
    /// Who approved these rules, written into every template. Without a name no place is taken over where doubtful text
    /// stays.
    #[arg(long, value_name = "NAME", value_parser = told)]
    pub approved_by: Option<String>,
    /// Print what became of the rules as one JSON object.
    #[arg(long, requires = "output")]
    pub json: bool,
}

/// Languages of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormKind {
    /// CTP DicomPixelAnonymizer script.
    Ctp,
    /// Deid recipe.
    Deid,
}

/// `unburn optout …`
#[derive(Debug, Subcommand)]
pub enum OptoutVerb {
    /// Add patients to a list, starting it if need be, and confirm it as of today; without ids only confirm it
    Add(OptoutArgs),
    /// Print key, day and hashes of a list
    List {
        /// The list.
        list: PathBuf,
        /// Project key; `UNBURN_KEY` may hold the key itself instead.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Tell whether patients are on a list; exits with 4 if any is
    Check(OptoutArgs),
    /// Print the outputs of jobs that are to be deleted at each recipient, now that a list has grown; exits with 4 if
    /// there are any
    Recall {
        /// The list.
        list: PathBuf,
        /// Folders of jobs, or of a watcher.
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<PathBuf>,
        /// Project key; `UNBURN_KEY` may hold the key itself instead.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

/// Whom an opt-out is about.
#[derive(Debug, Args)]
pub struct OptoutArgs {
    /// The list.
    pub list: PathBuf,
    /// Patient ids; `-` reads them from stdin, one a line, so that they stay out of the history of the shell.
    pub ids: Vec<String>,
    /// Project key; `UNBURN_KEY` may hold the key itself instead.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Issuer of the patient ids (0010,0021); without it an id stands for all issuers.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["accession", "study"])]
    pub issuer: Option<String>,
    /// The ids are accession numbers.
    #[arg(long, conflicts_with = "study")]
    pub accession: bool,
    /// The ids are Study Instance UIDs.
    #[arg(long)]
    pub study: bool,
}

/// `unburn redact`
#[derive(Debug, Args)]
pub struct RedactArgs {
    /// Files and folders to treat.
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// Folder for the outputs; the tree of a folder is mirrored there. Must not lie inside an input.
    #[arg(short, long, value_name = "DIR", required_unless_present = "dry_run")]
    pub output: Option<PathBuf>,
    /// Print the plan that would be carried out; write no image.
    #[arg(long)]
    pub dry_run: bool,
    /// Replace existing outputs, reports and quarantine entries. Inputs are never replaced.
    #[arg(long)]
    pub overwrite: bool,
    /// Project key (at least 32 bytes, hex or raw); `UNBURN_KEY` may hold the key itself instead.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The report once more with opaque ids and keyed digests instead of paths and digests: fit to be passed on.
    #[arg(long, value_name = "FILE.jsonl")]
    pub share_report: Option<PathBuf>,
    /// Append to this encrypted map which new UIDs stand for which old ones; `unburn key map` reads it. Off by default.
    #[arg(long, value_name = "FILE")]
    pub reidentification_map: Option<PathBuf>,
    /// Leave a reference and the reason for every file that was not written in this folder.
    #[arg(long, value_name = "DIR")]
    pub quarantine: Option<PathBuf>,
    /// Copy the input there as well.
    #[arg(long, requires = "quarantine")]
    pub quarantine_copy: bool,
    #[command(flatten)]
    pub output_args: OutputArgs,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// `unburn scan`
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// Files and folders to search.
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// Exit with 4 if text was found that no rule keeps.
    #[arg(long)]
    pub fail_on_found: bool,
    /// Replace an existing report.
    #[arg(long)]
    pub overwrite: bool,
    #[command(flatten)]
    pub output_args: OutputArgs,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// `unburn preview`
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// The file to show.
    pub file: PathBuf,
    /// Picture or page to write.
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
    /// Write one self-contained web page instead of a picture: what would be written, its boxes and their reasons.
    #[arg(long)]
    pub html: bool,
    /// Show the picture as it was on that page as well, behind a slider.
    #[arg(long, requires = "html")]
    pub include_original: bool,
    /// Frame to show, counted from 0 as in reports.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        conflicts_with = "projection"
    )]
    pub frame: u32,
    /// Show the brightest value of every pixel over all frames, where fixed text stands out.
    #[arg(long)]
    pub projection: bool,
    /// Replace an existing picture.
    #[arg(long)]
    pub overwrite: bool,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// `unburn review`
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// Files and folders to review; or the folder of a job, for what it holds back.
    #[arg(required = true, value_name = "IN | JOB")]
    pub inputs: Vec<PathBuf>,
    /// Folder for what is approved; without it approvals are recorded and nothing is written.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Folder in which edits and decisions are kept; made new, or gone on with. Default: below the user's state folder.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 takes any free one.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Do not open the browser.
    #[arg(long)]
    pub no_open: bool,
    /// Who reviews; signs edits and decisions. The page asks where this is not given.
    #[arg(long, value_name = "NAME")]
    pub reviewer: Option<String>,
    /// A second, different person has to approve each file before it is written.
    #[arg(long)]
    pub two_person: bool,
    /// Review N files drawn from all, the same ones every time, and tell what they say about the rest.
    #[arg(long, value_name = "N")]
    pub sample: Option<usize>,
    /// End when nothing was asked for so many minutes.
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub idle_minutes: u64,
    /// Replace existing outputs of another origin. Inputs are never replaced.
    #[arg(long)]
    pub overwrite: bool,
    /// Project key (at least 32 bytes, hex or raw); `UNBURN_KEY` may hold the key itself instead.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// `unburn verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The original; or, alone, the file to look at.
    #[arg(value_name = "ORIGINAL")]
    pub original: PathBuf,
    /// The redacted file.
    #[arg(value_name = "REDACTED")]
    pub redacted: Option<PathBuf>,
    /// One file: exit with 4 if text was found that no rule keeps.
    #[arg(long, conflicts_with = "redacted")]
    pub fail_on_found: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// `unburn doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Print only the support table: what is read in which encoding, and how it is written when masked.
    #[arg(long)]
    pub codecs: bool,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// `unburn config show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub settings: SettingArgs,
}

/// What is told about many files, and how.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Write one JSON object a file, then a summary, to this file. It holds paths: only its owner can read it.
    #[arg(long, value_name = "FILE.jsonl")]
    pub report: Option<PathBuf>,
    /// Print the same objects instead of lines for people.
    #[arg(long)]
    pub json: bool,
    /// How progress is shown on stderr; `auto` is a bar on a terminal and a line every ten seconds elsewhere.
    #[arg(long, value_enum, default_value_t = ProgressKind::Auto, value_name = "KIND")]
    pub progress: ProgressKind,
}

/// Ways to show progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProgressKind {
    /// A bar on a terminal, lines elsewhere.
    Auto,
    /// A bar.
    Bar,
    /// A line every ten seconds.
    Plain,
    /// A JSON object every second.
    Json,
    /// Nothing.
    None,
}

/// Flags for settings, and `--config`.
#[derive(Debug, Default)]
pub struct SettingArgs {
    config: Option<PathBuf>,
    given: Vec<(&'static Setting, Vec<OsString>)>,
}

impl SettingArgs {
    /// All layers put together: files, environment, these flags.
    pub fn layers(&self) -> Result<Layers> {
        let mut layers = Layers::new();
        match &self.config {
            Some(file) => layers.add_file(file)?,
            None => layers.add_usual_files()?,
        }
        layers.add_environment(std::env::vars_os())?;
        self.add_flags(&mut layers)?;
        Ok(layers)
    }
}

impl SettingArgs {
    /// These flags over a configuration that was frozen before.
    pub fn over(&self, frozen: &Config) -> Result<Config> {
        let mut layers = Layers::new();
        layers.add_config(frozen)?;
        self.add_flags(&mut layers)?;
        layers.finish()
    }

    fn add_flags(&self, layers: &mut Layers) -> Result<()> {
        for (setting, values) in &self.given {
            let source = Source::Flag(format!("--{}", setting.flag));
            match (setting.kind, values.first()) {
                (Kind::Paths, _) => {
                    layers.set_paths(setting, values.iter().map(PathBuf::from), source)?;
                }
                (_, Some(value)) => layers.set_text(setting, value, source)?,
                (_, None) => {}
            }
        }
        Ok(())
    }
}

const HEADING: &str = "Settings (also in unburn.toml and as UNBURN_ variables)";

impl Args for SettingArgs {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(ValueParser::path_buf())
            .help_heading(HEADING)
            .help("Settings file, read instead of those at the usual places");
        let defaults = Layers::new().show().unwrap_or_default();
        SETTINGS
            .iter()
            .fold(command.arg(config), |command, setting| {
                let default = defaults.iter().find(|(s, ..)| s.key == setting.key);
                let arg = Arg::new(setting.key)
                    .long(setting.flag)
                    .help_heading(HEADING)
                    .help(help_with_default(setting, default.map(|(_, v, _)| v)));
                command.arg(match setting.kind {
                    Kind::Word(words) => arg
                        .value_name("WORD")
                        .value_parser(PossibleValuesParser::new(words)),
                    Kind::Text => arg.value_name("NAME"),
                    Kind::Number => arg
                        .value_name("N")
                        .value_parser(clap::value_parser!(u64).range(..=i64::MAX as u64)),
                    Kind::Switch { bare: true } => arg.action(ArgAction::SetTrue),
                    Kind::Switch { bare: false } => {
                        let parser = PossibleValuesParser::new(["on", "off"]);
                        arg.value_name("SWITCH").value_parser(parser)
                    }
                    Kind::Path => arg
                        .value_name("PATH")
                        .value_parser(ValueParser::os_string()),
                    Kind::Paths => arg
                        .value_name("FILE")
                        .value_parser(ValueParser::os_string())
                        .action(ArgAction::Append),
                })
            })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Help of a setting, with its default where it has one that a flag could give.
fn help_with_default(setting: &Setting, default: Option<&serde_json::Value>) -> String {
    use serde_json::Value;
    let shown = match (setting.kind, default) {
        (Kind::Switch { bare: false }, Some(Value::Bool(on))) => {
            (if *on { "on" } else { "off" }).to_owned()
        }
        (_, Some(Value::String(word))) => word.clone(),
        (_, Some(Value::Number(n))) => n.to_string(),
        _ => return setting.help.to_owned(),
    };
    format!("{} [default: {shown}]", setting.help)
}

impl FromArgMatches for SettingArgs {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let given = SETTINGS
            .iter()
            .filter(|s| matches.value_source(s.key) == Some(clap::parser::ValueSource::CommandLine))
            .map(|s| {
                let values = match s.kind {
                    Kind::Switch { bare: true } => vec!["on".into()],
                    _ => matches
                        .get_raw(s.key)
                        .map(|raw| raw.map(OsString::from).collect())
                        .unwrap_or_default(),
                };
                (s, values)
            })
            .collect();
        Ok(SettingArgs {
            config: matches.get_one::<PathBuf>("config").cloned(),
            given,
        })
    }

    fn update_from_arg_matches(
        &mut self,
        matches: &ArgMatches,
    ) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_become_the_last_layer() {
        let cli = Cli::try_parse_from([
            "unburn",
            "scan",
            "a",
            "--policy",
            "all",
            "--margin",
            "5",
            "--cine-union",
            "off",
            "--include-text",
            "--safe-words",
            "x",
            "--safe-words",
            "y",
            "--limit-frames",
            "7",
        ])
        .unwrap();
        let Verb::Scan(args) = cli.command else {
            panic!("not scan")
        };
        let layers = args.settings.layers().unwrap();
        let config = layers.finish().unwrap();
        assert_eq!(config.policy, crate::config::Policy::All);
        assert_eq!((config.margin_px, config.limits.frames), (5, 7));
        assert!(!config.cine_union && config.include_text);
        assert_eq!(config.safe_words, [PathBuf::from("x"), PathBuf::from("y")]);
        let shown = layers.show().unwrap();
        let margin = shown.iter().find(|(s, ..)| s.key == "margin-px").unwrap();
        assert_eq!(margin.2, Source::Flag("--margin".into()));
    }

    #[test]
    fn usage_errors_are_found_by_parsing() {
        for line in [
            "unburn redact a",
            "unburn redact -o out",
            "unburn redact a -o out --policy some",
            "unburn redact a -o out --quarantine-copy",
            "unburn redact a -o out --names other",
            "unburn optout add list --accession --study",
            "unburn scan a --cine-union maybe",
            "unburn scan a --jobs -1",
            "unburn verify a b --fail-on-found",
            "unburn preview a",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
