//! What the site's equipment file says about an object: places that are always masked, and places where text may stay that
//! nobody could read.

use super::Engine;
use crate::config::Policy;
use crate::facts::Facts;
use crate::geometry::Rect;
use crate::outcome::{Reason, Refusal};
use crate::report::TemplateNote;
use crate::templates;

/// Why text stays at a place that a person approved for the equipment.
pub(super) const KEPT: &str = "template:keep";
/// Verdicts that such a place turns: doubt, but no sign of an identity.
pub(super) const SPARED: [&str; 2] = ["unreadable", "unknown-text"];

impl Engine {
    /// Rectangles that the site always masks on this equipment.
    ///
    /// # Errors
    /// [`Reason::Template`] where a template that matches leaves the frame, with any of its rectangles.
    pub(super) fn template_masks(&self, facts: &Facts) -> Result<Vec<(Rect, String)>, Refusal> {
        let mut masks = Vec::new();
        for template in templates::matching(&self.site.templates, facts) {
            let all = template.mask.iter().chain(&template.keep);
            if !template.clip && !all.into_iter().all(|r| frame(facts).contains(r)) {
                return Err(Refusal::new(
                    Reason::Template,
                    format!("template `{}` leaves the frame", template.name),
                ));
            }
            let inside = inside(&template.mask, facts);
            masks.extend(inside.map(|r| (r, "template".to_owned())));
        }
        Ok(masks)
    }

    /// Places of this equipment where doubtful text may stay; none under a policy that masks all text.
    pub(super) fn spared(&self, facts: &Facts) -> Vec<Rect> {
        if self.config.policy == Policy::All {
            return Vec::new();
        }
        templates::matching(&self.site.templates, facts)
            .into_iter()
            .flat_map(|t| inside(&t.keep, facts))
            .collect()
    }

    /// The templates that apply, for the report.
    pub(super) fn matching_templates(&self, facts: &Facts) -> Vec<TemplateNote> {
        templates::matching(&self.site.templates, facts)
            .into_iter()
            .map(|t| TemplateNote {
                name: t.name.clone(),
                approved_by: t.approved_by.clone(),
                keeps: !t.keep.is_empty(),
            })
            .collect()
    }
}

fn frame(facts: &Facts) -> Rect {
    Rect::new(0, 0, facts.format.cols, facts.format.rows)
}

/// Rectangles as far as they lie in the frame.
fn inside<'a>(rects: &'a [Rect], facts: &Facts) -> impl Iterator<Item = Rect> + use<'a> {
    let frame = frame(facts);
    let cut = rects.iter().map(move |r| r.intersect(&frame));
    cut.filter(|r| !r.is_empty())
}
