//! A sample: which files people look at, and what they have then shown about all of them.
//!
//! Files are drawn within groups of the same equipment and modality, each group in proportion to its size and at least
//! one of it as long as the sample reaches. The draw depends on the work list alone, so that anybody can repeat it. The
//! bound is exact for a simple draw (Clopper and Pearson, one-sided, 95 %); drawing within groups makes it no worse
//! unless files that were missed crowd in a group that got less than its share.

use super::api::SampleInfo;
use super::fault::Fault;
use super::files::ReviewFile;
use super::requests::{Edit, Wanted};
use super::session::Session;
use super::state::{Deed, FileState, Stage};
use crate::key::Key;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Confidence of the bound.
const CONFIDENCE: f64 = 0.95;
/// What the sample showed, in the state folder.
const EVIDENCE: &str = "evidence.json";

/// A drawn sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Ids of the files drawn.
    pub ids: BTreeSet<String>,
    /// Of how many.
    pub of: usize,
    /// Digest of the work list that it was drawn from.
    pub list_sha256: String,
}

/// Draws `n` files.
pub fn draw(files: &[ReviewFile], n: usize, _salt: &Key) -> Draw {
    let mut strata: BTreeMap<(String, String), Vec<(String, &str)>> = BTreeMap::new();
    let mut list = Sha256::new();
    for file in files {
        let peek = file.peek.as_ref();
        let stratum = peek.map(|p| {
            let e = &p.equipment;
            (
                format!("{}|{}", e.manufacturer, e.model),
                p.modality.clone(),
            )
        });
        let path = file.item.mirrored.to_string_lossy();
        list.update(path.as_bytes());
        list.update([0]);
        let lot = Sha256::digest(format!("unburn review sample\0{path}"));
        let lot: String = lot.iter().map(|b| format!("{b:02x}")).collect();
        let lots = strata.entry(stratum.unwrap_or_default()).or_default();
        lots.push((lot, &file.id));
    }
    for lots in strata.values_mut() {
        lots.sort_unstable();
    }
    let sizes: Vec<usize> = strata.values().map(Vec::len).collect();
    let shares = shares(&sizes, n);
    let drawn = strata.values().zip(shares);
    Draw {
        ids: drawn
            .flat_map(|(lots, k)| lots.iter().take(k))
            .map(|(_, id)| (*id).to_owned())
            .collect(),
        of: files.len(),
        list_sha256: list.finalize().iter().map(|b| format!("{b:02x}")).collect(),
    }
}

/// How many of each group: one of each as long as it reaches (large groups first), the rest by size.
fn shares(sizes: &[usize], n: usize) -> Vec<usize> {
    let total: usize = sizes.iter().sum();
    let n = n.min(total);
    let mut shares = vec![0usize; sizes.len()];
    for _ in 0..n {
        // Whoever is furthest below its proportion, and whoever has nothing before all others.
        let next = (0..sizes.len())
            .filter(|i| shares.get(*i) < sizes.get(*i))
            .min_by_key(|i| {
                let (size, share) = (
                    sizes.get(*i).copied().unwrap_or(1).max(1),
                    shares.get(*i).copied().unwrap_or(0),
                );
                (
                    share > 0,
                    (share * 1_000_000).div_ceil(size),
                    usize::MAX - size,
                )
            });
        if let Some(share) = next.and_then(|i| shares.get_mut(i)) {
            *share += 1;
        }
    }
    shares
}

/// The largest share of files with missed text that still gives `missed` or fewer among `n` with probability above 5 %.
pub fn upper_bound(n: usize, missed: usize) -> Option<f64> {
    if n == 0 {
        return None;
    }
    if missed >= n {
        return Some(1.0);
    }
    let at_most = |p: f64| -> f64 {
        let mut term = (1.0 - p).powi(n as i32);
        let mut sum = term;
        for k in 0..missed {
            term *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
            sum += term;
        }
        sum
    };
    let (mut low, mut high) = (0.0f64, 1.0f64);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if at_most(middle) > 1.0 - CONFIDENCE {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some((high * 1e6).ceil() / 1e6)
}

/// Whether a person had to mask what the plan had left, or would not let the file out.
fn was_missed(state: &FileState) -> bool {
    let added = |edit: &Edit| {
        matches!(
            edit,
            Edit::Add { .. } | Edit::Band { .. } | Edit::OutsideRegions
        ) || matches!(
            edit,
            Edit::Set {
                action: Wanted::Mask,
                ..
            }
        )
    };
    let edited = state
        .steps
        .iter()
        .any(|s| !s.undone && s.edits.iter().any(added));
    edited || matches!(state.stage, Stage::Flagged | Stage::Rejected)
}

impl Session {
    /// What the sample says so far.
    pub(super) fn sample_info(&self) -> Option<SampleInfo> {
        let draw = self.draw.as_ref()?;
        let log = self.log();
        let states: Vec<FileState> = self
            .files
            .iter()
            .map(|f| log.state(&f.id))
            .filter(|s| !matches!(s.stage, Stage::Unseen | Stage::Open))
            .collect();
        let missed = states.iter().filter(|s| was_missed(s)).count();
        Some(SampleInfo {
            drawn: draw.ids.len(),
            of: draw.of,
            upper_bound: upper_bound(states.len(), missed),
            decided: states.len(),
            missed,
        })
    }

    /// Writes what the sample showed, for the files of the project; nothing without a sample.
    pub(super) fn write_evidence(&self) -> Result<(), Fault> {
        let (Some(draw), Some(info)) = (&self.draw, self.sample_info()) else {
            return Ok(());
        };
        let reviewers: BTreeSet<String> = {
            let log = self.log();
            let states = self.files.iter().map(|f| log.state(&f.id));
            let deeds = states.flat_map(|s| s.history);
            let decided = deeds.filter(|r| {
                matches!(
                    r.deed,
                    Deed::Approve { .. } | Deed::Flag { .. } | Deed::Reject { .. }
                )
            });
            decided.filter_map(|r| r.who).collect()
        };
        let evidence = json!({
            "schema": 1, "type": "review-sample", "tool": self.engine.tool(),
            "drawn": info.drawn, "of": info.of, "list_sha256": draw.list_sha256,
            "decided": info.decided, "missed": info.missed,
            "confidence": CONFIDENCE, "upper_bound": info.upper_bound,
            "says": "with this confidence no larger share of the files has text that the plan left and people would mask",
            "reviewers": reviewers,
        });
        let text = serde_json::to_vec_pretty(&evidence).unwrap_or_default();
        crate::batch::job::write_whole(&self.options.folder.join(EVIDENCE), &text)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_clopper_and_pearson() {
        let close = |a: Option<f64>, b: f64| assert!((a.unwrap() - b).abs() < 2e-5, "{a:?} {b}");
        // 1 − 0.05^(1/n), and values of the beta quantile.
        close(upper_bound(59, 0), 0.049_508);
        close(upper_bound(300, 0), 0.009_936);
        close(upper_bound(100, 1), 0.046_559);
        close(upper_bound(20, 3), 0.343_664);
        assert_eq!(upper_bound(3, 3), Some(1.0));
        assert_eq!(upper_bound(0, 0), None);
    }

    #[test]
    fn every_group_has_its_share_and_at_least_one() {
        assert_eq!(shares(&[90, 9, 1], 10), [8, 1, 1]);
        assert_eq!(shares(&[90, 9, 1], 2), [1, 1, 0]);
        assert_eq!(shares(&[3, 2], 99), [3, 2]);
        assert_eq!(shares(&[5], 0), [0]);
        assert_eq!(shares(&[50, 50], 11).iter().sum::<usize>(), 11);
    }
}
