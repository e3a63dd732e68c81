//! Limits and remarks.

use maud::html;

use crate::report::data::Report;
use crate::report::parts::Section;
use crate::report::text;

pub fn section(report: &Report) -> Option<Section> {
    if report.notes.is_empty() {
        return None;
    }
    let body = html! { ul.notes { @for note in &report.notes { li { (text::clean(note)) } } } };
    let lead = "What these figures cannot tell.".to_owned();
    Some(Section { id: "notes", title: "Limits and notes", lead, warnings: Vec::new(), body })
}
