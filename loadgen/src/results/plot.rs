//! A picture of a run: throughput over time, and the distribution of latencies.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::date::date;
use super::{Results, count};

/// The size of the picture, in pixels.
const SIZE: (u32, u32) = (1100, 860);

/// The height of the line above the curves, in pixels.
const TITLE_HEIGHT: u32 = 44;

/// The font, which the viewer has.
const FONT: &str = "sans-serif";

/// Sizes of letters, in pixels.
const CAPTION: u32 = 24;
const TEXT: u32 = 17;

/// How many characters the title has room for.
const TITLE_CHARACTERS: usize = 125;

/// Space for the labels of the axes, in pixels.
const LABELS: (u32, u32) = (52, 88);

/// The percentiles that are named; behind them comes the longest latency.
const TICKS: [(f64, &str); 6] = [
    (50.0, "p50"),
    (90.0, "p90"),
    (99.0, "p99"),
    (99.9, "p99.9"),
    (99.99, "p99.99"),
    (99.999, "p99.999"),
];

/// How far behind the last percentile the longest latency stands, in nines: it has no place of its
/// own on such an axis.
const MAX_BEHIND: f64 = 0.5;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[error("the picture cannot be drawn: {0}")]
pub struct PlotError(String);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The picture as SVG. The percentiles stand as far apart as each has of 9s, so that the tail is
/// seen.
pub fn svg(results: &Results) -> Result<String, PlotError> {
    let mut text = String::new();
    draw(results, &mut text).map_err(|error| PlotError(error.to_string()))?;
    Ok(text)
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw(results: &Results, text: &mut String) -> Drawn {
    let root = SVGBackend::with_string(text, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let style = (FONT, TEXT).into_font().color(&BLACK);
    root.draw_text(&title(results), &style, (16, 16))?;
    let (_, curves) = root.split_vertically(TITLE_HEIGHT);
    let (upper, lower) = curves.split_vertically((SIZE.1 - TITLE_HEIGHT) / 2);
    throughput_over_time(results, &upper)?;
    latency_by_percentile(results, &lower)?;
    root.present()?;
    Ok(())
}

/// When and where it was measured, and how.
fn title(results: &Results) -> String {
    let options = results.options.iter();
    let options = options.filter(|(name, _)| !super::compare::OUTPUTS.contains(&name.as_str()));
    let options = options.map(|(name, value)| format!(" --{name} {value}").trim_end().to_owned());
    let options: String = options.collect();
    let (host, date) = (&results.host.name, date(results.finished_unix_s));
    let title = format!("{date}, {host}: loadgen{options}");
    if title.chars().count() <= TITLE_CHARACTERS {
        return title;
    }
    let shortened: String = title.chars().take(TITLE_CHARACTERS - 3).collect();
    format!("{shortened}...")
}

fn throughput_over_time(results: &Results, area: &Area<'_>) -> Drawn {
    let points = throughput_steps(results);
    let last = points.last().map_or(1.0, |point| point.0.max(1.0));
    let top = highest(&points) * 1.05;
    let mut chart = ChartBuilder::on(area)
        .caption("Throughput", (FONT, CAPTION))
        .margin(16)
        .x_label_area_size(LABELS.0)
        .y_label_area_size(LABELS.1)
        .build_cartesian_2d(0.0..last, 0.0..top)?;
    let warm_up = warm_up_s(results).min(last);
    if warm_up > 0.0 {
        let corners = [(0.0, 0.0), (warm_up, top)];
        let shade = Rectangle::new(corners, BLACK.mix(0.1).filled());
        chart.draw_series([shade])?;
        let style = (FONT, TEXT).into_font().color(&BLACK.mix(0.6));
        chart.draw_series([Text::new("warm-up", (last * 0.005, top * 0.97), style)])?;
    }
    chart
        .configure_mesh()
        .max_light_lines(0)
        .label_style((FONT, TEXT))
        .x_label_formatter(&|value| plain(*value))
        .y_label_formatter(&|value| plain(*value))
        .x_desc("seconds from the start")
        .y_desc("MB/s")
        .draw()?;
    chart.draw_series(LineSeries::new(points, BLUE.stroke_width(2)))?;
    Ok(())
}

/// Throughput as steps, a second each. The last second is seldom a whole one: it is left out, or
/// scaled when there is no other.
fn throughput_steps(results: &Results) -> Vec<(f64, f64)> {
    let run_s = results.totals.run_s;
    let seconds = (0_u32..).map(f64::from).zip(&results.seconds);
    let mut steps = Vec::new();
    for (at, second) in seconds {
        // Files of older programs do not say how long the run was.
        let is_whole = run_s <= 0.0 || at + 1.0 <= run_s;
        if !is_whole && !steps.is_empty() {
            break;
        }
        let width = if is_whole { 1.0 } else { run_s };
        let rate = count(second.bytes) / 1e6 / width;
        steps.extend([(at, rate), (at + width, rate)]);
    }
    // Seconds at the end in which nothing happened at all.
    while let Some((end, _)) = steps.last().copied().filter(|(end, _)| end + 1.0 <= run_s) {
        steps.extend([(end, 0.0), (end + 1.0, 0.0)]);
    }
    steps
}

/// How long it was not measured.
fn warm_up_s(results: &Results) -> f64 {
    results.totals.run_s - results.totals.measured_s
}

fn latency_by_percentile(results: &Results, area: &Area<'_>) -> Drawn {
    let points = latency_points(results);
    let last = points.last().map_or(1.0, |point| point.0);
    let ticks = TICKS.iter().map(|(percent, _)| nines(*percent));
    let mut ticks: Vec<f64> = ticks.filter(|tick| *tick <= last - MAX_BEHIND).collect();
    ticks.push(last);
    let axis = PercentileAxis {
        nines: (0.0..last).into(),
        ticks,
    };
    let mut chart = ChartBuilder::on(area)
        .caption("Latency", (FONT, CAPTION))
        .margin(16)
        .margin_right(40)
        .x_label_area_size(LABELS.0)
        .y_label_area_size(LABELS.1)
        .build_cartesian_2d(axis, 0.0..highest(&points) * 1.05)?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .label_style((FONT, TEXT))
        .y_label_formatter(&|value| plain(*value))
        .x_desc("percentile of the objects")
        .y_desc("ms")
        .draw()?;
    chart.draw_series(LineSeries::new(points, RED.stroke_width(2)))?;
    Ok(())
}

/// Percentiles by their nines, with lines and names where people look.
struct PercentileAxis {
    nines: RangedCoordf64,
    ticks: Vec<f64>,
}

impl Ranged for PercentileAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.nines.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.nines.range()
    }
}

impl ValueFormatter<f64> for PercentileAxis {
    fn format_ext(&self, value: &f64) -> String {
        tick(*value)
    }
}

/// The percentiles that there are enough objects for, and the longest latency behind them.
fn latency_points(results: &Results) -> Vec<(f64, f64)> {
    let Some(latency) = results.latency() else {
        return Vec::new();
    };
    let below_max = latency.percentiles.iter().filter(|p| p.percent < 100.0);
    let mut points: Vec<(f64, f64)> = below_max
        .filter_map(|point| {
            let ms = results.telling_percentile_ms(point.percent)?;
            Some((nines(point.percent), ms))
        })
        .collect();
    let last = points.last().map_or(0.0, |point| point.0);
    points.push((last + MAX_BEHIND, latency.max_ms));
    points
}

/// The upper end of an axis; never 0, which has no length.
fn highest(points: &[(f64, f64)]) -> f64 {
    let most = points.iter().map(|point| point.1).fold(0.0, f64::max);
    if most > 0.0 { most } else { 1.0 }
}

/// 1 for 90 percent, 2 for 99, 3 for 99.9.
fn nines(percent: f64) -> f64 {
    -(1.0 - percent / 100.0).log10()
}

/// The name of a percentile; what is none of them is the end of the axis.
fn tick(at: f64) -> String {
    let mut named = TICKS.iter();
    let found = named.find(|(percent, _)| super::same(nines(*percent), at));
    found.map_or("max", |(_, name)| name).to_owned()
}

/// A number without decimals that say nothing.
fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::SecondOfRun;

    fn results(run_s: f64, megabytes: &[u64]) -> Results {
        let record = crate::measure::Record::new(std::time::Duration::ZERO, false);
        let effort = crate::results::Effort::default();
        let mut results = Results::new(&record, effort, std::collections::BTreeMap::new());
        results.totals.run_s = run_s;
        results.seconds = megabytes
            .iter()
            .map(|megabytes| SecondOfRun {
                bytes: megabytes * 1_000_000,
                ..SecondOfRun::default()
            })
            .collect();
        results
    }

    #[test]
    fn a_last_second_that_is_not_whole_does_not_look_like_a_fall() {
        let steps = throughput_steps(&results(2.25, &[8, 9, 2]));
        assert_eq!(steps, [(0.0, 8.0), (1.0, 8.0), (1.0, 9.0), (2.0, 9.0)]);
        let steps = throughput_steps(&results(2.5, &[8]));
        assert_eq!(steps, [(0.0, 8.0), (1.0, 8.0), (1.0, 0.0), (2.0, 0.0)]);
        let steps = throughput_steps(&results(0.5, &[8]));
        assert_eq!(steps, [(0.0, 16.0), (0.5, 16.0)]);
    }

    #[test]
    fn labels_have_no_needless_decimals() {
        assert_eq!([1200.0, 0.25, 0.0].map(plain), ["1200", "0.25", "0"]);
        assert_eq!([nines(99.9), 3.5].map(tick), ["p99.9", "max"]);
    }
}
