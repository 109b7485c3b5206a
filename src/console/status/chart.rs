//! Small charts of two lines over the last hour, as SVG within the page. What they show stands beside them as text.

use maud::{Markup, html};
use std::fmt::Write;

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 80.0;

/// A line of a chart; a sample without a value leaves a gap.
pub struct Line {
    name: &'static str,
    values: Vec<Option<f64>>,
}

impl Line {
    pub fn new(name: &'static str, values: impl Iterator<Item = Option<f64>>) -> Line {
        Line { name, values: values.collect() }
    }

    fn last(&self, unit: &str) -> String {
        let last = self.values.last().copied().flatten();
        last.map_or_else(|| format!("{}: none", self.name), |value| format!("{}: {}", self.name, amount(value, unit)))
    }
}

/// A chart of two lines on one scale.
pub fn chart(title: &str, unit: &str, lines: [Line; 2]) -> Markup {
    let most = lines.iter().flat_map(|line| &line.values).flatten().copied().fold(0.0, f64::max);
    let says = lines.each_ref().map(|line| line.last(unit)).join(", ");
    html! {
        figure.chart {
            figcaption { strong { (title) } ", now " (says) ", at most " (amount(most, unit)) " in this hour" }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                line x1="0" y1=(HEIGHT - 0.5) x2=(WIDTH) y2=(HEIGHT - 0.5) {}
                @for (index, line) in lines.iter().enumerate() {
                    @for points in points(&line.values, most) {
                        polyline.second[index == 1] points=(points) {}
                    }
                }
            }
        }
    }
}

/// The points of a line, in pieces between its gaps.
fn points(values: &[Option<f64>], most: f64) -> Vec<String> {
    let step = WIDTH / (values.len().max(2) - 1) as f64;
    let scale = if most > 0.0 { (HEIGHT - 4.0) / most } else { 0.0 };
    let mut pieces = vec![String::new()];
    for (index, value) in values.iter().enumerate() {
        let piece = pieces.last_mut().expect("there is a piece at least");
        match value {
            Some(value) => _ = write!(piece, "{:.1},{:.1} ", index as f64 * step, HEIGHT - 2.0 - value * scale),
            None if piece.is_empty() => {}
            None => pieces.push(String::new()),
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// A number with its unit, with as many digits as one reads.
fn amount(value: f64, unit: &str) -> String {
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_gaps_where_there_is_no_value_and_its_highest_point_at_the_top() {
        let pieces = points(&[Some(0.0), Some(10.0), None, None, Some(5.0)], 10.0);
        assert_eq!(pieces, ["0.0,78.0 75.0,2.0 ", "300.0,40.0 "]);
        assert_eq!(points(&[Some(0.0), Some(0.0)], 0.0), ["0.0,78.0 300.0,78.0 "]);
        assert_eq!(points(&[], 0.0).len(), 0);
    }
}
