//! A picture of a run: throughput over time, and the distribution of latencies.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::{Results, count};

/// The size of the picture, in pixels.
const SIZE: (u32, u32) = (960, 720);

/// The font, which the viewer has.
const FONT: &str = "sans-serif";

/// Space for the labels of the axes, in pixels.
const LABELS: (u32, u32) = (40, 70);

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
    let (upper, lower) = root.split_vertically(SIZE.1 / 2);
    throughput_over_time(results, &upper)?;
    latency_by_percentile(results, &lower)?;
    root.present()?;
    Ok(())
}

fn throughput_over_time(results: &Results, area: &Area<'_>) -> Drawn {
    let seconds = (0_u32..).zip(&results.seconds);
    let points: Vec<(f64, f64)> = seconds
        .map(|(at, second)| (f64::from(at), count(second.bytes) / 1e6))
        .collect();
    let last = points.last().map_or(1.0, |point| point.0.max(1.0));
    let most = highest(&points);
    let mut chart = ChartBuilder::on(area)
        .caption("Throughput", (FONT, 18))
        .margin(12)
        .x_label_area_size(LABELS.0)
        .y_label_area_size(LABELS.1)
        .build_cartesian_2d(0.0..last, 0.0..most * 1.05)?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .x_desc("seconds from the start")
        .y_desc("MB/s")
        .draw()?;
    chart.draw_series(LineSeries::new(points, &BLUE))?;
    Ok(())
}

fn latency_by_percentile(results: &Results, area: &Area<'_>) -> Drawn {
    let latency = results.latency();
    let percentiles = latency.into_iter().flat_map(|latency| &latency.percentiles);
    // The longest latency has no place on such an axis.
    let shown = percentiles.filter(|point| point.percent < 100.0);
    let points: Vec<(f64, f64)> = shown
        .map(|point| (nines(point.percent), point.ms))
        .collect();
    let last = points.last().map_or(1.0, |point| point.0);
    let most = highest(&points);
    let mut chart = ChartBuilder::on(area)
        .caption("Latency", (FONT, 18))
        .margin(12)
        .x_label_area_size(LABELS.0)
        .y_label_area_size(LABELS.1)
        .build_cartesian_2d(0.0..last, 0.0..most * 1.05)?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .x_labels(6)
        .x_label_formatter(&|nines| label(*nines))
        .x_desc("percent of the objects took no longer")
        .y_desc("ms")
        .draw()?;
    chart.draw_series(LineSeries::new(points, &RED))?;
    Ok(())
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

fn label(nines: f64) -> String {
    let percent = 100.0 * (1.0 - 10_f64.powf(-nines));
    let text = format!("{percent:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
