//! Pictures: bars, a group for each load and a bar for each system.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::figures::Metric;
use crate::matrix;
use crate::problem::Problem;
use crate::results::Results;
use crate::system::{Driver, Kind, System};

/// The size of a picture, in pixels.
const SIZE: (u32, u32) = (900, 420);

/// Of that, the list of systems at the right.
const KEYS_WIDTH: u32 = 150;

/// The font, which the viewer has.
const FONT: &str = "sans-serif";

/// The space between groups of bars, in bars.
const GAP: f64 = 1.0;

/// A picture to draw.
struct Chart {
    name: &'static str,
    title: &'static str,
    rows: &'static [&'static str],
    metric: Metric,
    /// What a step of the axis is divided by.
    unit: f64,
}

const CHARTS: &[Chart] = &[
    Chart {
        name: "stable-512k",
        title: "512 KiB objects, MB/s to stable storage",
        rows: &["512k-1", "512k-8", "512k-64", "512k-8-cold"],
        metric: Metric::StableRate,
        unit: 1e6,
    },
    Chart {
        name: "success-8k",
        title: "8 KiB objects, objects/s to Success",
        rows: &["8k-8", "8k-64", "8k-per-object"],
        metric: Metric::SuccessObjects,
        unit: 1.0,
    },
    Chart {
        name: "cpu-512k",
        title: "512 KiB objects, CPU seconds a GB of the whole system less the sender's",
        rows: &["512k-8", "512k-64", "512k-8-cold"],
        metric: Metric::SystemCpu,
        unit: 1.0,
    },
    Chart {
        name: "sizes",
        title: "8 associations (64 MiB: 4), MB/s to stable storage",
        rows: &["8k-8", "128k-8", "512k-8", "8m-8", "64m-4"],
        metric: Metric::StableRate,
        unit: 1e6,
    },
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

type Drawn<T> = Result<T, Box<dyn std::error::Error>>;

/// A group of bars: what it is called, and the heights by system.
type Group = (String, Vec<(System, f64)>);

/// The pictures of which there is something to show, with their names.
pub(crate) fn all(
    results: &Results,
    systems: &[System],
) -> Result<Vec<(&'static str, String)>, Problem> {
    let mut drawn = Vec::new();
    for chart in CHARTS {
        let groups = groups(chart, results, systems);
        if !groups.is_empty() {
            let svg = draw(chart, &groups).map_err(|error| format!("{}: {error}", chart.name))?;
            drawn.push((chart.name, svg));
        }
    }
    Ok(drawn)
}

fn groups(chart: &Chart, results: &Results, systems: &[System]) -> Vec<Group> {
    let groups = chart.rows.iter().filter_map(|id| {
        let bars = systems.iter().filter_map(|&system| {
            let spread = results.spread(id, system, chart.metric)?;
            Some((system, spread.median / chart.unit))
        });
        let bars: Vec<_> = bars.collect();
        let title = matrix::find(id)?.title().replace(", memory warm", "");
        (!bars.is_empty()).then_some((title, bars))
    });
    groups.collect()
}

fn draw(chart: &Chart, groups: &[Group]) -> Drawn<String> {
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (bars, keys) = root.split_horizontally(SIZE.0 - KEYS_WIDTH);
    draw_bars(chart, groups, &bars)?;
    draw_keys(groups, &keys)?;
    root.present()?;
    drop((root, bars, keys));
    Ok(svg)
}

fn draw_bars(chart: &Chart, groups: &[Group], area: &Area<'_>) -> Drawn<()> {
    let bars = groups.iter().flat_map(|(_, bars)| bars);
    let top = bars
        .map(|(_, height)| *height)
        .fold(f64::MIN_POSITIVE, f64::max)
        * 1.1;
    let width: f64 = groups.iter().map(|(_, bars)| slots(bars) + GAP).sum();
    let mut context = ChartBuilder::on(area)
        .caption(chart.title, (FONT, 18))
        .margin(12)
        .x_label_area_size(8)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..width, 0.0..top)?;
    let mut mesh = context.configure_mesh();
    let digits = usize::from(top < 10.0);
    let label = |value: &f64| format!("{value:.digits$}");
    mesh.disable_x_mesh()
        .disable_x_axis()
        .max_light_lines(0)
        .y_label_formatter(&label);
    mesh.label_style((FONT, 13)).draw()?;
    let mut left = GAP / 2.0;
    for (title, bars) in groups {
        context.draw_series([Text::new(title.clone(), (left, top * 0.99), (FONT, 11))])?;
        for &(system, height) in bars {
            let corners = [(left, 0.0), (left + 0.9, height)];
            context.draw_series([Rectangle::new(corners, colour(system).filled())])?;
            left += 1.0;
        }
        left += GAP;
    }
    Ok(())
}

/// Which colour is which system.
fn draw_keys(groups: &[Group], area: &Area<'_>) -> Drawn<()> {
    let mut systems: Vec<System> = groups
        .iter()
        .flat_map(|(_, bars)| bars)
        .map(|bar| bar.0)
        .collect();
    systems.sort();
    systems.dedup();
    for (y, system) in (44..).step_by(20).zip(systems) {
        let corners = [(8, y), (20, y + 12)];
        area.draw(&Rectangle::new(corners, colour(system).filled()))?;
        area.draw(&Text::new(system.to_string(), (26, y), (FONT, 12)))?;
    }
    Ok(())
}

fn slots(bars: &[(System, f64)]) -> f64 {
    bars.iter().map(|_| 1.0).sum()
}

/// Ours blue, paler under the first driver; the prototypes grey, the disk black, the others in colours
/// of their own.
fn colour(system: System) -> RGBAColor {
    let colour = match system.kind {
        Kind::Object => RGBColor(20, 70, 160),
        Kind::None => RGBColor(70, 140, 230),
        Kind::Ignore => RGBColor(120, 180, 250),
        Kind::Dcmtk => RGBColor(200, 80, 40),
        Kind::DcmtkPlain | Kind::DcmtkIgnore => RGBColor(230, 150, 110),
        Kind::DicomRs => RGBColor(150, 110, 40),
        Kind::Pynetdicom => RGBColor(200, 180, 40),
        Kind::Orthanc => RGBColor(120, 60, 130),
        Kind::BareDurable => RGBColor(110, 110, 110),
        Kind::BareNoSync => RGBColor(160, 160, 160),
        Kind::BareMmap => RGBColor(190, 170, 170),
        Kind::BareBuffered => RGBColor(170, 190, 170),
        Kind::BareDiscard => RGBColor(210, 210, 210),
        Kind::Fio => RGBColor(30, 30, 30),
    };
    colour.mix(if system.driver == Some(Driver::Mio) {
        0.7
    } else {
        1.0
    })
}
