//! Arguments of archive jobs, of the worker, and of what is said of jobs afterwards.

use super::{ProgressKind, SettingArgs, told};
use crate::batch::job::spec::Shard;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

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
